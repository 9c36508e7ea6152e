"""Facts to findings: for each check a machine that fails it, and the message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support import nvidia_smi as stand_in
from tests.support.cuda import search

from ci_gen_actions.build import nvidia_smi, preflight, preflight_report
from ci_gen_actions.build.capacity import GIB, Capacity
from ci_gen_actions.build.findings import Facts, Finding, Level
from ci_gen_actions.build.gpus import Gpu, Reading
from ci_gen_actions.build.host_compilers import Host, HostCompiler
from ci_gen_actions.build.options import Options
from ci_gen_actions.build.toolkit import Limits, Toolkit

GCC = HostCompiler(path="/usr/bin/g++", kind="gcc", major=12)
TOOLKIT = Toolkit(
    nvcc="/usr/local/cuda-12.8/bin/nvcc",
    root="/usr/local/cuda-12.8",
    version=(12, 8),
    release="12.8.61",
    architectures=(75, 80, 86, 89, 90, 100, 120),
    limits=Limits(gcc=14, clang=19, source="its crt/host_config.h"),
)
CARD = Gpu(
    uuid="GPU-1",
    name="Tesla T4",
    index=0,
    driver="535.183.01",
    capability=(7, 5),
    memory_total=15360,
    memory_used=2,
    ecc=True,
    ecc_errors=0,
)
GOOD = Facts(
    reading=Reading(gpus=(CARD,)),
    gpus=(CARD,),
    toolkit=TOOLKIT,
    host=Host(compiler=GCC),
    capacity=Capacity(disk=100 * GIB, memory=32 * GIB, available=30 * GIB),
    cmake_version=(3, 25, 1),
)
NONE = Facts(reading=Reading(installed=False))


def facts(base: Facts = GOOD, **changes: Any) -> Facts:
    return replace(base, **changes)


def machine(name: str, folder: Path, **changes: Any) -> Facts:
    """The facts with the GPUs of a fixture."""
    reading = nvidia_smi.read(search(stand_in.install(name, folder)), 10.0)
    return facts(reading=reading, gpus=reading.gpus, **changes)


def check(given: Facts, **options: Any) -> tuple[Finding, ...]:
    return preflight.findings(Options(service="s", backend="cuda", **options), given)


def only(found: tuple[Finding, ...], *levels: Level) -> Finding:
    (one,) = [each for each in found if each.level in (levels or (Level.WARNING, Level.ERROR))]
    return one


def test_a_good_machine() -> None:
    found = check(GOOD)
    assert {each.level for each in found} == {Level.OK}
    assert [each.check for each in found] == [
        *("gpu", "toolkit", "driver", "host compiler", "architectures", "ECC"),
        *("disk", "memory"),
    ]


@pytest.mark.parametrize("name", ["t4", "a10", "l4", "a100-mig", "h100", "mixed", "gb10"])
def test_good_cards(name: str, tmp_path: Path) -> None:
    every = replace(TOOLKIT, version=(12, 9), architectures=(*TOOLKIT.architectures, 121))
    found = check(machine(name, tmp_path, toolkit=every), architectures=("native",))
    assert Level.ERROR not in {each.level for each in found}
    busy = [each.check for each in found if each.level is Level.WARNING]
    assert busy == (["busy"] if name == "a10" else [])


def test_no_gpu_though_native_needs_one() -> None:
    found = check(facts(reading=NONE.reading, gpus=()), architectures=("native",))
    errors = [str(each) for each in found if each.level is Level.ERROR]
    assert errors == [
        "no GPU was found: there is no nvidia-smi on PATH. "
        "Next: run the job on a machine with a GPU",
        "architectures = native, but there is no GPU to compile for. "
        "Next: run the job on a machine with a GPU, or name the architectures, such as 86",
    ]


def test_no_gpu_is_a_warning_where_architectures_are_named() -> None:
    found = only(check(facts(reading=NONE.reading, gpus=()), architectures=("80",)))
    assert found.level is Level.WARNING
    assert str(found) == (
        "no GPU was found: there is no nvidia-smi on PATH. Next: run the job on a machine with a "
        "GPU, unless none is meant to be: the package is not tried on one then"
    )


def test_every_gpu_is_hidden() -> None:
    found = only(check(facts(gpus=())))
    assert found.why == "CUDA_VISIBLE_DEVICES hides all 1 of this machine"
    assert "nvidia-smi -L" in found.next


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "no-driver",
            "no GPU was found: nvidia-smi failed: the NVIDIA driver is not loaded (NVIDIA-SMI has "
            "failed because it couldn't communicate with the NVIDIA driver. Make sure that the "
            "latest NVIDIA driver is installed and running.). "
            "Next: install the driver for this kernel, or reboot",
        ),
        (
            "driver-mismatch",
            "no GPU was found: nvidia-smi failed: the driver was updated but not reloaded (Failed "
            "to initialize NVML: Driver/library version mismatch). "
            "Next: reboot, or unload and load its modules",
        ),
        (
            "no-devices",
            "no GPU was found: nvidia-smi failed: it found no GPU (No devices were found). "
            "Next: check that the card is seated and powered: lspci | grep -i nvidia",
        ),
    ],
)
def test_a_machine_whose_gpu_does_not_answer(name: str, message: str, tmp_path: Path) -> None:
    found = check(machine(name, tmp_path), architectures=("native",))
    assert str(next(each for each in found if each.level is Level.ERROR)) == message


def test_nvidia_smi_hangs(tmp_path: Path) -> None:
    reading = nvidia_smi.read(search(stand_in.install("hangs", tmp_path)), 0.3)
    found = check(facts(reading=reading, gpus=()), architectures=("native",))
    assert "did not answer within" in str(found[0])
    assert "dmesg | grep Xid" in found[0].next


def test_the_driver_is_too_old() -> None:
    old = replace(CARD, driver="470.82.01")
    found = only(check(facts(gpus=(old,))))
    assert str(found) == (
        "driver 470.82.01 is too old for CUDA 12.8: CUDA 12.x needs 525.60.13 or newer. "
        "Next: update the driver, or set the input toolkit to an older one"
    )


@pytest.mark.parametrize(
    ("toolkit", "driver", "fine"),
    [
        ((11, 8), "450.80.02", True),
        ((11, 8), "450.51.05", False),
        ((12, 0), "525.60.13", True),
        ((12, 9), "525.60.11", False),
        ((13, 0), "580.95.05", True),
        ((13, 0), "570.133.20", False),
        ((10, 2), "1.0", True),
    ],
)
def test_drivers(toolkit: tuple[int, int], driver: str, fine: bool) -> None:
    given = facts(gpus=(replace(CARD, driver=driver),), toolkit=replace(TOOLKIT, version=toolkit))
    assert all(each.level is Level.OK for each in check(given)) is fine


def test_libraries_for_an_older_driver_may_make_up_for_it() -> None:
    given = facts(gpus=(replace(CARD, driver="470.82.01"),), toolkit=replace(TOOLKIT, compat=True))
    found = only(check(given))
    assert found.level is Level.WARNING
    assert "/usr/local/cuda-12.8/compat may make up for it" in found.why


def test_the_toolkit_is_missing() -> None:
    found = only(check(facts(toolkit=None)))
    assert str(found) == (
        "there is no CUDA toolkit: no nvcc was found where one is looked for. Next: install that "
        "toolkit on the runner, or set the input toolkit to the version or the folder of one that "
        "it has"
    )


def test_another_toolkit_is_there() -> None:
    found = only(check(facts(toolkit=None, others=(TOOLKIT,)), toolkit="13.0"))
    assert "there is no CUDA toolkit 13.0" in found.what
    assert found.why == "this machine has CUDA 12.8 in /usr/local/cuda-12.8"


NEW = HostCompiler(path="/usr/bin/g++", kind="gcc", major=15)
OLDER = HostCompiler(path="/usr/bin/g++-13", kind="gcc", major=13)


def test_the_host_compiler_is_too_new() -> None:
    found = only(check(facts(host=Host(compiler=NEW))))
    assert found.level is Level.ERROR
    assert str(found) == (
        "CUDA 12.8 does not accept gcc 15 (/usr/bin/g++) as host compiler: the newest gcc that it "
        "accepts is 14, says its crt/host_config.h. Next: apt-get install g++-14, then set "
        "-DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-14 in cmake-args, or CUDAHOSTCXX"
    )


def test_another_host_compiler_is_taken_where_nobody_named_one() -> None:
    given = facts(host=Host(compiler=NEW), alternative=OLDER)
    found = only(check(given), Level.NOTE)
    assert found.next == "nothing: gcc 13 (/usr/bin/g++-13) is used for CUDA's host code"
    options = Options(service="s", backend="cuda")
    assert preflight.choice(options, given).host_compiler == "/usr/bin/g++-13"


def test_a_host_compiler_that_somebody_named_is_not_replaced() -> None:
    given = facts(host=Host(compiler=NEW, named="CUDAHOSTCXX"), alternative=OLDER)
    found = only(check(given))
    assert found.level is Level.ERROR
    assert "set -DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-13" in found.next
    assert preflight.choice(Options(service="s"), given).host_compiler == ""


def test_clang_is_too_new() -> None:
    clang = HostCompiler(path="/usr/bin/clang++", kind="clang", major=21)
    found = only(check(facts(host=Host(compiler=clang, named="CUDAHOSTCXX"))))
    assert "the newest clang that it accepts is 19" in found.why
    assert "apt-get install clang-19, then" in found.next
    assert "=/usr/bin/clang++-19" in found.next


def test_nvcc_was_told_not_to_mind() -> None:
    found = only(check(facts(host=Host(compiler=NEW, overridden=True))))
    assert found.level is Level.WARNING


def test_there_is_no_host_compiler() -> None:
    found = only(check(facts(host=Host())))
    assert str(found).startswith("nvcc finds no host compiler (g++ on PATH). Next: apt-get install")


def test_an_architecture_that_the_toolkit_does_not_know() -> None:
    found = only(check(GOOD, architectures=("50", "75")))
    assert found.level is Level.ERROR
    assert str(found) == (
        "CUDA 12.8 does not compile for 50. Next: give architectures among 75, 80, 86, 89, 90, "
        "100, 120, or a toolkit that has them: older cards need an older one"
    )


@pytest.mark.parametrize(
    ("given", "what"),
    [("50", "does not compile for 50"), ("80;50-real", "does not compile for 50-real")],
)
def test_architectures_among_the_arguments_of_cmake_count(given: str, what: str) -> None:
    argument = f"-DCMAKE_CUDA_ARCHITECTURES={given}"
    assert what in str(only(check(GOOD, architectures=("75",), cmake_args=(argument,))))


@pytest.mark.parametrize("given", ["OFF", "", "75-real", "native"])
def test_architectures_among_the_arguments_of_cmake_that_are_fine(given: str) -> None:
    argument = f"-DCMAKE_CUDA_ARCHITECTURES={given}"
    found = check(GOOD, architectures=("75",), cmake_args=(argument,))
    assert {each.level for each in found} == {Level.OK}


def test_a_package_that_will_not_run_on_this_machine() -> None:
    found = only(check(GOOD, architectures=("80", "90")))
    assert found.level is Level.WARNING
    assert found.what == "the package will not run on Tesla T4 of this machine"


def test_native_with_a_driver_that_does_not_tell(tmp_path: Path) -> None:
    old = replace(TOOLKIT, version=(11, 8))
    found = only(check(machine("old-driver", tmp_path, toolkit=old), architectures=("native",)))
    assert "does not tell the compute capability of Tesla P100-PCIE-16GB" in found.what


def test_uncorrected_memory_errors(tmp_path: Path) -> None:
    found = only(check(machine("ecc-errors", tmp_path)))
    assert found.level is Level.ERROR
    assert "NVIDIA A100-SXM4-40GB (GPU-3b2a1908-7f6e-4d5c-b4a3-92817065f4e3)" in found.what
    assert "had 2 uncorrected memory errors" in found.what
    assert "reset the card" in found.next


def test_a_slow_card_is_a_warning(tmp_path: Path) -> None:
    found = only(check(machine("slowed", tmp_path)))
    assert found.level is Level.WARNING
    assert "is slowed down: power cap, thermal slowdown by the driver" in found.what


def test_a_corrupt_inforom_is_a_warning(tmp_path: Path) -> None:
    old = replace(TOOLKIT, version=(11, 8))
    found = only(check(machine("corrupt-inforom", tmp_path, toolkit=old)))
    assert (found.level, found.check) == (Level.WARNING, "gpu")


def test_somebody_else_computes_on_the_card(tmp_path: Path) -> None:
    found = only(check(machine("a10", tmp_path)))
    assert found.level is Level.WARNING
    assert "/usr/bin/python3, worker 1 (pid 4711, 8714 MiB)" in found.what


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"architectures": ("80", "90")},
            "2.0 GiB are free where the build folder lies, 4.0 GiB are needed: for 2 CUDA "
            "architectures. Next: free some, move build-folder to a larger disk, or set "
            "min-disk-gib",
        ),
        ({"architectures": ("all",)}, "6.5 GiB are needed: for 7 CUDA architectures"),
        ({}, "7.5 GiB are needed"),
        ({"min_disk_gib": "2.5"}, "2.5 GiB are needed. Next"),
    ],
)
def test_too_little_disk(options: dict[str, Any], message: str) -> None:
    given = facts(capacity=replace(GOOD.capacity, disk=2 * GIB), gpus=(CARD,))
    errors = [str(each) for each in check(given, **options) if each.level is Level.ERROR]
    assert len(errors) == 1
    assert message in errors[0]


def test_too_little_memory() -> None:
    found = only(check(facts(capacity=replace(GOOD.capacity, memory=2 * GIB))))
    assert str(found) == (
        "this job may use 2.0 GiB of memory, 3.0 GiB are needed: one nvcc takes about 3 GiB. "
        "Next: raise the container's or the service's limit, take a larger machine, or set "
        "min-memory-gib"
    )
    busy = only(check(facts(capacity=replace(GOOD.capacity, available=GIB))))
    assert busy.level is Level.WARNING


def test_bounds_can_be_lifted() -> None:
    poor = facts(capacity=Capacity(disk=1, memory=1, available=1))
    found = check(poor, min_disk_gib="0", min_memory_gib="0")
    assert {each.level for each in found} == {Level.OK}


def test_a_cpu_build_has_bounds_only_where_some_are_given() -> None:
    there = Capacity(disk=GIB, memory=GIB, available=GIB)
    assert preflight.for_cpu(Options(service="s"), there) == ()
    found = preflight.for_cpu(Options(service="s", min_disk_gib="2"), there)
    assert [each.check for each in found] == ["disk"]


@pytest.mark.parametrize("argument", ["-DGGML_NATIVE=ON", "-DLLAMA_NATIVE:BOOL=1"])
def test_a_package_tied_to_its_builder(argument: str) -> None:
    found = only(check(GOOD, cmake_args=(argument,)))
    assert found.level is Level.WARNING
    assert "another processor" in found.why
    assert check(GOOD, cmake_args=("-DGGML_NATIVE=OFF",)) == check(GOOD)


def test_what_cmake_is_told() -> None:
    options = Options(service="s", backend="cuda", architectures=("native",))
    chosen = preflight.choice(options, GOOD)
    assert (chosen.architectures, chosen.compiler, chosen.root) == (("75-real",), "", "")
    chosen = preflight.choice(options, facts(found_by_cmake=False))
    assert chosen.compiler == "/usr/local/cuda-12.8/bin/nvcc"
    assert chosen.root == "/usr/local/cuda-12.8"


def test_the_summary_is_inert() -> None:
    hostile = replace(CARD, name="<img src=x> | `a` @all\n::error::", slowed=("power cap",))
    found = check(facts(gpus=(hostile,)))
    text = "".join(preflight_report.markdown(facts(gpus=(hostile,)), found))
    assert "<img" not in text.replace("\\<", "")
    assert "@all" not in text.replace("\\@all", "")
    assert all(line.startswith("|") for line in text.splitlines() if line)


def test_the_evidence_says_what_is_not_known(tmp_path: Path) -> None:
    given = machine("gb10", tmp_path)
    told = preflight_report.evidence(given, check(given))
    (card,) = told["gpus"]
    assert card["memory-mib"] is None
    assert card["compute-capability"] == "12.1"
    assert told["toolkit"]["version"] == "12.8.61"
    assert told["host-compiler"] == "gcc 12"
    assert {"check", "result", "message"} == set(told["checks"][0])
