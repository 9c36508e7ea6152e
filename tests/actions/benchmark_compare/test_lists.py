"""Tolerances, accepted regressions, names, confirmation and history: the small parts."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from typing import Any

import pytest
from tests.support.benchmarks import benchmark, case, measurement, processes

from ci_gen_actions.benchmark_compare import accepted, confirming, history, names, tolerances
from ci_gen_actions.benchmark_compare.cases import Case, Finding
from ci_gen_actions.benchmark_compare.deciding import Judged
from ci_gen_actions.benchmark_compare.matching import of_measurement
from ci_gen_actions.benchmark_compare.series import Reading
from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.statistics.sequential import Design

ENTRY = b"""\
accept:
  - benchmark: pp*
    up_to: 8 %
    reason: exact now
    expires: 2026-12-31
"""


def test_an_accepted_regression_covers_so_much_until_a_day() -> None:
    (entry,) = accepted.parse(ENTRY, "list")
    assert entry.covers("pp512", math.log(1.07))
    assert not entry.covers("pp512", math.log(1.09))
    assert not entry.covers("tg16", math.log(1.07))
    assert entry.holds(datetime.date(2026, 12, 31))
    assert not entry.holds(datetime.date(2027, 1, 1))
    assert entry.line == 2


@pytest.mark.parametrize("percent", ["lots", "-1", "0", "nan", "1e9"])
def test_up_to_is_percent(percent: str) -> None:
    with pytest.raises(UsageError, match="accepted regressions") as caught:
        accepted.parse(ENTRY.replace(b"8 %", percent.encode()), "list")
    assert "line 3: `up_to` must be percent" in caught.value.why


def test_the_last_line_that_speaks_of_a_benchmark_counts() -> None:
    found = tolerances.parse(["*=4", "pp* (n_threads=2)=10/20"])
    usual = tolerances.Tolerance(benchmark="*", slower=1.0, faster=1.0)
    assert tolerances.of("tg16", found, usual).slower == pytest.approx(math.log(1.04))
    other = tolerances.of("pp64 (n_threads=2)", found, usual)
    assert (other.slower, other.faster) == pytest.approx((math.log(1.1), math.log(1.2)))
    assert tolerances.of("x", (), usual) is usual


@pytest.mark.parametrize("line", ["pp64", "pp64=", "=5", "pp64=x", "pp64=5/", "pp=0", "pp=5/1000"])
def test_a_wrong_tolerance_is_told(line: str) -> None:
    assert tolerances.wrong(line)


def test_only_stars_and_question_marks_are_wildcards() -> None:
    assert names.matches("pp64 [a]", "pp?4 [a]")
    assert not names.matches("pp64 a", "pp64 [a]")


def test_names_sort_by_their_numbers() -> None:
    assert sorted(["pp512", "tg8", "pp64"], key=names.natural) == ["pp64", "pp512", "tg8"]


def test_metrics_of_one_benchmark_have_names_of_their_own() -> None:
    given = [benchmark("chat", metric=each) for each in ("p50", "p99")]
    assert list(names.shown(given).values()) == ["chat p50", "chat p99"]


def test_names_that_are_cut_stay_distinct() -> None:
    given = [benchmark("x" * 300, parameters={"a": "y" * 300, "b": str(each)}) for each in (1, 2)]
    found = list(names.shown(given).values())
    assert len(set(found)) == 2


def judged(finding: Finding, name: str = "pp64") -> Judged:
    return Judged(case=Case(name=name, benchmark=benchmark(name)), finding=finding, why="w")


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (Finding.REGRESSION, Finding.REGRESSION, Finding.REGRESSION),
        (Finding.REGRESSION, Finding.PASS, Finding.PASS),
        (Finding.REGRESSION, Finding.IMPROVEMENT, Finding.IMPROVEMENT),
        (Finding.REGRESSION, Finding.INCONCLUSIVE, Finding.INCONCLUSIVE),
        (Finding.REGRESSION, Finding.NO_DATA, Finding.NO_DATA),
        (Finding.PASS, Finding.REGRESSION, Finding.INCONCLUSIVE),
        (Finding.PASS, Finding.PASS, Finding.PASS),
        (None, Finding.REGRESSION, Finding.REGRESSION),
    ],
)
def test_an_alarm_counts_when_a_second_run_raises_it(
    first: Finding | None, second: Finding, both: Finding
) -> None:
    before = {"pp64": first} if first else {}
    (found,) = confirming.confirmed(before, [judged(second)])
    assert found.finding is both


def test_alarms_that_the_second_run_did_not_measure_are_told() -> None:
    first = {"pp64": Finding.REGRESSION, "tg16": Finding.REGRESSION, "x": Finding.PASS}
    assert confirming.unmeasured(first, [judged(Finding.PASS)]) == ("tg16",)


def test_what_a_fresh_job_should_measure() -> None:
    control = replace(
        judged(Finding.REGRESSION, "c"),
        case=Case(name="c", benchmark=benchmark("c", control=True)),
    )
    found = [judged(Finding.REGRESSION, "a"), judged(Finding.PASS, "b"), control]
    assert confirming.alarms(found) == ("a",)


def stored(values: list[float], **more: Any) -> Reading:
    there = [each for each in processes(values, **more) if each]
    return Reading(source="h", processes=tuple((benchmark(), each) for each in there))


def test_a_history_of_processes_makes_pairs_of_neighbours() -> None:
    (found,) = history.of_readings([stored([1.0, 2.0, 4.0, 4.0, 9.0])])
    assert found.pairs == pytest.approx([math.log(2), 0.0])


def test_a_history_counts_for_its_benchmark_on_its_machine() -> None:
    old = history.of_readings([stored([1.0, 2.0], build="older")])
    assert list(history.known([case()], old)) == ["pp64"]
    elsewhere = history.of_readings([stored([1.0, 2.0], environment={"cpu_info": "other"})])
    assert history.known([case()], elsewhere) == {}
    other = case(benchmark=benchmark(parameters={"test": "tg16"}))
    assert history.known([other], old) == {}


def test_a_history_of_builds_that_print_less_still_counts() -> None:
    newer = case(benchmark=benchmark(parameters={"test": "pp64", "repack": "1"}))
    old = history.of_readings([stored([1.0, 2.0])])
    assert len(history.known([newer], old)["pp64"]) == 1


def test_a_control_arm_is_a_history() -> None:
    cases = of_measurement(measurement({"pp64": 0.2}, rounds=8, control=True)).cases
    (found,) = history.of_measurement(cases)
    assert len(found.pairs) == 8
    assert max(map(abs, found.pairs)) < 0.1
    assert history.of_measurement([case()]) == []


def test_priors_stand_in_the_order_of_the_cases() -> None:
    cases = [case(name="a"), case(name="b")]
    found = history.priors(cases, {"b": [0.1, -0.1, 0.05, 0.02]}, Design())
    assert found.df.tolist() == [0.0, 3.0]
