"""What is read of each machine, by asking a stand-in that answers as its nvidia-smi would."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import nvidia_smi as stand_in
from tests.support.cuda import script, search

from ci_gen_actions.build import nvidia_smi
from ci_gen_actions.build.gpus import Reading

MACHINES = stand_in.names()


def read(machine: str, folder: Path, seconds: float = nvidia_smi.SECONDS) -> Reading:
    return nvidia_smi.read(search(stand_in.install(machine, folder)), seconds)


@pytest.mark.parametrize(
    ("machine", "cards"),
    [
        ("t4", [("Tesla T4", (7, 5), 15360, 2, "535.183.01", True, 0)]),
        ("a10", [("NVIDIA A10", (8, 6), 23028, 8722, "535.54.03", True, 0)]),
        ("l4", [("NVIDIA L4", (8, 9), 23034, 1, "550.54.15", True, 0)]),
        ("a100-mig", [("NVIDIA A100 80GB PCIe", (8, 0), 81920, 87, "530.30.02", True, None)]),
        ("h100", [("NVIDIA H100 80GB HBM3", (9, 0), 81559, 0, "550.54.15", True, 0)] * 2),
        (
            "mixed",
            [
                ("NVIDIA GeForce RTX 4090", (8, 9), 24564, 14, "570.133.07", None, None),
                ("NVIDIA RTX A6000", (8, 6), 49140, 6, "570.133.07", False, None),
            ],
        ),
        ("ecc-errors", [("NVIDIA A100-SXM4-40GB", (8, 0), 40960, 4, "550.54.14", True, 2)]),
        ("gb10", [("NVIDIA GB10", (12, 1), None, None, "580.95.05", None, None)]),
        ("old-driver", [("Tesla P100-PCIE-16GB", None, 16280, 0, "470.82.01", True, 0)]),
        ("corrupt-inforom", [("Tesla P100-PCIE-16GB", None, 16280, 0, "470.82.01", True, 0)]),
    ],
)
def test_cards(machine: str, cards: list[tuple[object, ...]], tmp_path: Path) -> None:
    found = read(machine, tmp_path)
    assert found.installed
    assert [
        (
            each.name,
            each.capability,
            each.memory_total,
            each.memory_used,
            each.driver,
            each.ecc,
            each.ecc_errors,
        )
        for each in found.gpus
    ] == cards
    assert all(each.uuid.startswith("GPU-") for each in found.gpus)
    assert [each.index for each in found.gpus] == list(range(len(cards)))
    assert bool(found.fault) is (machine == "corrupt-inforom")


def test_reasons_for_being_slow(tmp_path: Path) -> None:
    assert read("slowed", tmp_path / "a").gpus[0].slowed == (
        "power cap",
        "thermal slowdown by the driver",
    )
    # idle is none
    assert read("t4", tmp_path / "b").gpus[0].slowed == ()


def test_the_reasons_have_another_name_in_older_drivers(tmp_path: Path) -> None:
    folder = stand_in.install("old-driver", tmp_path)
    asked = tmp_path / "asked"
    real = (folder / "nvidia-smi").rename(folder / "real")
    script(folder / "nvidia-smi", f'#!/bin/sh\necho "$1" >> {asked}\nexec {real} "$@"\n')
    nvidia_smi.read(search(folder))
    first, second, third, *_ = asked.read_text().splitlines()
    assert "compute_cap" in first
    assert "compute_cap" not in second
    assert "clocks_event_reasons" in second
    assert "clocks_throttle_reasons" in third


def test_mig_devices(tmp_path: Path) -> None:
    assert read("a100-mig", tmp_path).gpus[0].parts == ("3g.40gb", "3g.40gb")


def test_processes(tmp_path: Path) -> None:
    (app,) = read("a10", tmp_path).apps
    assert (app.pid, app.memory, app.name) == (4711, 8714, "/usr/bin/python3, worker 1")


@pytest.mark.parametrize(
    ("machine", "fault", "remedy"),
    [
        ("no-driver", "the NVIDIA driver is not loaded", "install the driver"),
        ("driver-mismatch", "the driver was updated but not reloaded", "reboot"),
        ("no-devices", "it found no GPU", "lspci"),
        ("corrupt-inforom", "infoROM of a card is corrupt", "nvidia-smi -q"),
    ],
)
def test_faults(machine: str, fault: str, remedy: str, tmp_path: Path) -> None:
    found = read(machine, tmp_path)
    assert fault in found.fault
    assert remedy in found.remedy


def test_one_that_hangs_is_a_finding(tmp_path: Path) -> None:
    found = read("hangs", tmp_path, seconds=0.3)
    assert found.gpus == ()
    assert "did not answer within 0 s" in found.fault
    assert "Xid" in found.remedy


def test_one_that_hangs_when_asked_for_processes(tmp_path: Path) -> None:
    folder = stand_in.install("t4", tmp_path)
    real = (folder / "nvidia-smi").rename(folder / "real")
    hang = f'#!/bin/sh\ncase "$1" in *apps*) exec sleep 60;; esac\nexec {real} "$@"\n'
    script(folder / "nvidia-smi", hang)
    found = nvidia_smi.read(search(folder), seconds=1.5)
    assert "did not answer" in found.fault


def test_none_is_installed(tmp_path: Path) -> None:
    found = nvidia_smi.read({"PATH": str(tmp_path)})
    assert not found.installed
    assert found.fault == ""


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    script(tmp_path / "nvidia-smi", "#!/nonexistent/interpreter\n")
    assert nvidia_smi.read({"PATH": str(tmp_path)}).fault


def test_an_endless_refusal_ends(tmp_path: Path) -> None:
    refusal = 'Field "uuid" is not a valid field to query.'
    script(tmp_path / "nvidia-smi", f"#!/bin/sh\necho '{refusal}'\nexit 2\n")
    found = nvidia_smi.read(search(tmp_path))
    assert found.gpus == ()
    assert refusal in found.fault


@pytest.mark.parametrize("machine", MACHINES)
def test_fixtures_say_where_they_are_from(machine: str) -> None:
    import json

    told = json.loads((stand_in.MACHINES / machine / "machine.json").read_text())
    assert any("https://" in each for each in told["sources"])
    assert told["about"]
    assert told["invented"]


def test_the_stand_in_is_as_strict_as_the_real_one() -> None:
    import json

    machine = json.loads((stand_in.MACHINES / "t4" / "machine.json").read_text())
    refused = stand_in.answer(machine, ["--query-gpu=nonsense", "--format=csv,noheader,nounits"])
    assert refused == (2, 'Field "nonsense" is not a valid field to query.\n\n')
    assert stand_in.answer(machine, ["--query-gpu=name"])[0] == 2
