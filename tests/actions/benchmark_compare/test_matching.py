from __future__ import annotations

from typing import Any

import pytest
from tests.support.benchmarks import measurement
from tests.support.llama_bench import Record, as_json, as_json_lines, record

from ci_gen_actions.benchmark_compare.cases import Finding, present
from ci_gen_actions.benchmark_compare.llama_bench import parse
from ci_gen_actions.benchmark_compare.matching import (
    Matched,
    of_measurement,
    of_readings,
)
from ci_gen_actions.benchmark_compare.measurement_file import Round
from ci_gen_actions.benchmark_compare.series import Reading


def files(records: list[Record], name: str = "file") -> list[Reading]:
    """Each record in a file of its own, as separate processes write them."""
    return [parse(as_json([each]), f"{name}-{n}") for n, each in enumerate(records)]


def at(second: int, **changed: Any) -> Record:
    return record([1.0], test_time=f"2026-11-23T13:00:{second:02d}Z", **changed)


def matched(old: list[Record], new: list[Record], **more: Any) -> Matched:
    return of_readings(files(old, "old"), files(new, "new"), **more)


def test_processes_that_ran_in_turns_are_pairs() -> None:
    found = matched([at(1), at(3), at(6)], [at(2), at(4), at(5)])
    (case,) = found.cases
    assert case.paired
    assert len(present(case.baseline)) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([1, 2, 3], [4, 5, 6]),
        ([1, 3, 5], [2, 4]),
        ([1, 1], [1, 1]),
    ],
)
def test_other_processes_are_not(old: list[int], new: list[int]) -> None:
    (case,) = matched([at(each) for each in old], [at(each) for each in new]).cases
    assert not case.paired
    assert case.settled is None


def test_the_caller_can_say_what_is_paired() -> None:
    apart = [at(1), at(2)], [at(3), at(4)]
    assert matched(*apart, pairing="rounds").cases[0].paired
    assert not matched([at(1), at(3)], [at(2), at(4)], pairing="none").cases[0].paired
    assert not matched([at(1)], [at(3), at(4)], pairing="rounds").cases[0].paired


def test_what_one_side_lacks_is_new_or_removed() -> None:
    found = matched([at(1), at(1, n_prompt=128)], [at(2), at(2, n_prompt=512)])
    assert [(each.name, each.settled) for each in found.cases] == [
        ("pp64", None),
        ("pp128", Finding.REMOVED),
        ("pp512", Finding.NEW),
    ]


@pytest.mark.parametrize("failed", ["old", "new", "both"])
def test_a_side_that_failed_is_no_data(failed: str) -> None:
    nothing, something = [parse(b"[", "a")], files([at(1)])
    old = nothing if failed in ("old", "both") else something
    new = nothing if failed in ("new", "both") else something
    found = of_readings(old, new)
    assert [each.settled for each in found.cases] == ([] if failed == "both" else [Finding.NO_DATA])


def test_another_machine_is_told() -> None:
    (case,) = matched([at(1)], [at(2, cpu_info="Intel")]).cases
    assert case.settled is Finding.ENV_MISMATCH
    assert case.why == "cpu_info differs: 'AMD EPYC' and 'Intel'"


def test_several_builds_on_one_side_are_told() -> None:
    (case,) = matched([at(1), at(3, build_commit="fff")], [at(2), at(4)]).cases
    assert case.settled is Finding.ENV_MISMATCH
    assert "the baseline holds processes of several builds: 0c1e570 (1), fff (1)" in case.why


def test_two_builds_are_no_mismatch() -> None:
    (case,) = matched([at(1)], [at(2, build_commit="fff", build_number=9)]).cases
    assert case.settled is None


def test_builds_of_different_age_are_compared_by_what_both_tell() -> None:
    older = {k: v for k, v in at(1).items() if k not in ("load_mode", "fit_target", "repack")}
    found = matched([{**older, "use_mmap": True}], [at(2)])
    assert [each.settled for each in found.cases] == [None]
    assert found.remarks == ("not compared, since only some records tell it: fit_target, repack",)


def test_what_only_some_tell_may_tell_benchmarks_apart() -> None:
    older = {k: v for k, v in at(1).items() if k != "repack"}
    found = matched([older], [at(2, repack=False), at(3, repack=True)])
    settled = [each.settled for each in found.cases]
    assert sorted(map(str, settled)) == ["NEW", "NEW", "REMOVED"]
    assert "tells benchmarks apart" in found.remarks[0]


def test_namesakes_are_told_apart_by_what_differs() -> None:
    records = [at(1, n_threads=each, type_k=kind) for each in (1, 2) for kind in ("f16", "q8_0")]
    assert [each.name for each in matched(records, records).cases] == [
        "pp64 (n_threads=1, type_k=f16)",
        "pp64 (n_threads=1, type_k=q8_0)",
        "pp64 (n_threads=2, type_k=f16)",
        "pp64 (n_threads=2, type_k=q8_0)",
    ]


def test_many_processes_in_one_file_are_many() -> None:
    old = parse(as_json_lines([at(1), at(3)]), "old")
    new = parse(as_json_lines([at(2), at(4)]), "new")
    (case,) = of_readings([old], [new]).cases
    assert len(case.baseline) == 2
    assert case.paired


def test_controls_are_named() -> None:
    found = matched([at(1), at(1, n_prompt=8)], [at(2), at(2, n_prompt=8)], controls=["pp8"])
    assert [(each.name, each.control) for each in found.cases] == [("pp8", True), ("pp64", False)]


def test_rounds_are_pairs_and_discarded_ones_are_not() -> None:
    whole = measurement({"pp64": 0.0}, rounds=4)
    rounds = list(whole.rounds)
    rounds[1] = Round(order=(), samples=rounds[1].samples, discarded="the GPU was throttled")
    rounds[2] = Round(order=(), samples={"current": rounds[2].samples["current"]})
    found = of_measurement(measurement({"pp64": 0.0}, rounds=4))
    assert len(found.cases[0].baseline) == 4
    less = of_measurement(type(whole)(**{**vars(whole), "rounds": tuple(rounds)}))
    (case,) = less.cases
    assert [each is None for each in case.baseline] == [False, True, False]
    assert case.paired
    assert less.remarks == ("a round was discarded: the GPU was throttled",)


def test_a_control_arm_is_kept_beside() -> None:
    (case,) = of_measurement(measurement({"pp64": 0.0}, rounds=3, control=True)).cases
    assert len(present(case.again)) == 3
    (without,) = of_measurement(measurement({"pp64": 0.0}, rounds=3)).cases
    assert without.again == ()
