from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.build.gpus import Gpu, parse_apps, parse_gpus, parse_parts, visible

FIELDS = ("index", "uuid", "compute_cap", "memory.total", "clocks_event_reasons.active", "name")


def row(**values: str) -> str:
    usual = {
        "index": "0",
        "uuid": "GPU-1",
        "compute_cap": "8.6",
        "memory.total": "1",
        "clocks_event_reasons.active": "0x0",
        "name": "x",
    }
    return ", ".join({**usual, **values}.values())


@pytest.mark.parametrize("said", ["[N/A]", "[Not Supported]", "[Unknown Error]", "", "-1", "1e9"])
def test_no_number_is_none_and_not_0(said: str) -> None:
    (found,) = parse_gpus(row(**{"memory.total": said, "compute_cap": said}), FIELDS)
    assert (found.memory_total, found.capability) == (None, None)


def test_a_name_may_hold_commas() -> None:
    (found,) = parse_gpus(row(name="A, B, C"), FIELDS)
    assert found.name == "A, B, C"


@pytest.mark.parametrize("line", ["", "garbage", row(uuid="../../etc"), row(uuid="")])
def test_lines_that_are_no_card(line: str) -> None:
    assert parse_gpus(line, FIELDS) == ()


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    parse_gpus(text, FIELDS)
    parse_apps(text, ("gpu_uuid", "pid", "used_memory", "process_name"))
    parse_parts(text)


def card(index: int, name: str = "x") -> Gpu:
    return Gpu(uuid=f"GPU-{index}0", name=name, index=index)


SAME = (card(0), card(1), card(2))
MIXED = (card(0), card(1, "y"))


@pytest.mark.parametrize(
    ("gpus", "environ", "expected"),
    [
        (SAME, {}, SAME),
        (SAME, {"CUDA_VISIBLE_DEVICES": "1"}, (SAME[1],)),
        (SAME, {"CUDA_VISIBLE_DEVICES": "2,0"}, (SAME[2], SAME[0])),
        (SAME, {"CUDA_VISIBLE_DEVICES": "GPU-1"}, (SAME[1],)),
        (SAME, {"CUDA_VISIBLE_DEVICES": "1,9,0"}, (SAME[1],)),
        (SAME, {"CUDA_VISIBLE_DEVICES": "MIG-7"}, SAME),
        (SAME, {"CUDA_VISIBLE_DEVICES": "9"}, ()),
        (SAME, {"CUDA_VISIBLE_DEVICES": "-1"}, ()),
        (SAME, {"CUDA_VISIBLE_DEVICES": ""}, SAME),
        # CUDA counts different cards in another order
        (MIXED, {"CUDA_VISIBLE_DEVICES": "1"}, MIXED),
        (MIXED, {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, MIXED[1:]),
    ],
)
def test_visible(gpus: tuple[Gpu, ...], environ: dict[str, str], expected: tuple[Gpu, ...]) -> None:
    assert visible(gpus, environ) == expected
