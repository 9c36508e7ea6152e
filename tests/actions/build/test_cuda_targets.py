from __future__ import annotations

import pytest

from ci_gen_actions.build.cuda_targets import Unfit, count, parse, resolve, runs_on
from ci_gen_actions.build.gpus import Gpu
from ci_gen_actions.build.toolkit import Toolkit

TOOLKIT = Toolkit(
    nvcc="/n", root="/r", version=(13, 0), architectures=(75, 80, 86, 87, 89, 90, 100, 120)
)
SILENT = Toolkit(nvcc="/n", root="/r", version=(11, 0))


def card(major: int, minor: int) -> Gpu:
    return Gpu(uuid=f"GPU-{major}{minor}", name=f"card {major}.{minor}", capability=(major, minor))


UNKNOWN = Gpu(uuid="GPU-0", name="Tesla P100")


@pytest.mark.parametrize(
    ("asked", "gpus", "expected"),
    [
        ((), (), ()),
        (("80", "90a-real"), (), ("80", "90a-real")),
        (("native",), (card(8, 9), card(8, 6), card(8, 9)), ("86-real", "89-real")),
        (("native",), (card(12, 0),), ("120-real",)),
        (("native", "80"), (card(8, 0),), ("80-real", "80")),
        (("all-major",), (), ("all-major",)),
        (("all",), (), ("all",)),
    ],
)
def test_resolve(asked: tuple[str, ...], gpus: tuple[Gpu, ...], expected: tuple[str, ...]) -> None:
    assert resolve(asked, gpus, TOOLKIT, (3, 25)) == expected


@pytest.mark.parametrize(
    ("asked", "gpus", "cmake", "what", "remedy"),
    [
        (("native",), (), (3, 25), "there is no GPU", "name the architectures"),
        (("native",), (UNKNOWN,), (3, 25), "capability of Tesla P100", "cuda-gpus"),
        (("native",), (card(6, 1),), (3, 25), "does not compile for 61-real", "older cards"),
        (("61", "86"), (), (3, 25), "CUDA 13.0 does not compile for 61", "75, 80, 86"),
        (("150a",), (), (3, 25), "does not compile for 150a", "newer cards need a newer one"),
        (("all-major",), (), (3, 22, 1), "needs CMake 3.23, this is 3.22.1", "newer CMake"),
        (("all", "80"), (), (3, 25), "all stands beside others", "alone"),
    ],
)
def test_unfit(
    asked: tuple[str, ...], gpus: tuple[Gpu, ...], cmake: tuple[int, ...], what: str, remedy: str
) -> None:
    with pytest.raises(Unfit, match=what) as caught:
        resolve(asked, gpus, TOOLKIT, cmake)
    assert remedy in caught.value.next


def test_a_toolkit_that_does_not_say_what_it_compiles_for_may_try() -> None:
    assert resolve(("61",), (), SILENT, (3, 25)) == ("61",)


@pytest.mark.parametrize(
    ("words", "capability", "expected"),
    [
        (("80-real",), (8, 6), True),
        (("86-real",), (8, 0), False),
        (("80-real",), (9, 0), False),
        (("80",), (9, 0), True),
        (("80-virtual",), (12, 0), True),
        (("90-virtual",), (8, 9), False),
        (("90a",), (9, 0), True),
        (("90a",), (10, 0), False),
        (("100f",), (10, 3), True),
        (("100f",), (12, 0), False),
        (("75-real", "120-real"), (12, 1), True),
    ],
)
def test_runs_on(words: tuple[str, ...], capability: tuple[int, int], expected: bool) -> None:
    assert runs_on(words, card(*capability)) is expected


@pytest.mark.parametrize(
    ("words", "gpu"), [((), card(8, 0)), (("all",), card(8, 0)), (("80",), UNKNOWN)]
)
def test_whether_it_runs_is_open(words: tuple[str, ...], gpu: Gpu) -> None:
    assert runs_on(words, gpu) is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("80", "86"), 2), (("all",), 8), (("all-major",), 5), ((), 9)],
)
def test_count(words: tuple[str, ...], expected: int) -> None:
    # 75; 80 to 89; 90; 100; 120
    assert count(words, TOOLKIT) == expected


def test_parse() -> None:
    assert parse("native") is None
    found = parse("90a-real")
    assert found is not None
    assert (found.number, found.suffix, found.real, found.virtual) == (90, "a", True, False)
