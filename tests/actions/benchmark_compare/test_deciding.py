from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from tests.support.benchmarks import benchmark, case, noise, processes

from ci_gen_actions.benchmark_compare.cases import Case, Finding
from ci_gen_actions.benchmark_compare.deciding import Judged, Rules, judge
from ci_gen_actions.benchmark_compare.series import HIGHER
from ci_gen_actions.benchmark_compare.tolerances import parse

RULES = Rules()


def one(given: Case, rules: Rules = RULES) -> Judged:
    (found,) = judge([given], rules)
    return found


@pytest.mark.parametrize(
    ("change", "finding"),
    [(0.0, Finding.PASS), (0.08, Finding.REGRESSION), (-0.08, Finding.IMPROVEMENT)],
)
def test_times_and_rates_are_worse_in_opposite_directions(change: float, finding: Finding) -> None:
    assert one(case(change)).finding is finding
    rate = benchmark("throughput", better=HIGHER)
    inverse = 1 / (1 + change) - 1
    assert one(case(inverse, benchmark=rate)).finding is finding
    assert one(case(inverse, benchmark=rate)).estimate == pytest.approx(
        math.log1p(change), abs=0.01
    )


def test_what_is_settled_stays_so() -> None:
    given = Case(name="x", benchmark=benchmark(), settled=Finding.NEW, why="it is new")
    found = one(given)
    assert (found.finding, found.why) == (Finding.NEW, "it is new")
    assert math.isnan(found.estimate)


def test_the_order_of_the_cases_is_kept() -> None:
    cases = [
        case(0.0, name="c"),
        Case(name="b", benchmark=benchmark(), settled=Finding.REMOVED),
        case(0.1, name="a", paired=False),
    ]
    found = judge(cases, RULES)
    assert [each.case.name for each in found] == ["c", "b", "a"]
    assert [each.finding for each in found] == [
        Finding.PASS,
        Finding.REMOVED,
        Finding.REGRESSION,
    ]


def test_a_benchmark_can_be_tolerated_more_or_less() -> None:
    rules = replace(RULES, tolerances=parse(["pp*=3", "pp64=20/10"]))
    found = one(case(0.08), rules)
    assert found.finding is Finding.PASS
    assert found.tolerance.slower == pytest.approx(math.log(1.20))
    assert one(case(0.08, name="pp8"), rules).finding is Finding.REGRESSION


def test_unpaired_data_is_a_weaker_comparison() -> None:
    found = one(case(0.08, paired=False))
    assert found.finding is Finding.REGRESSION
    assert "weaker" in found.why
    few = one(case(0.08, paired=False, count=3))
    assert few.finding is Finding.INCONCLUSIVE
    assert few.why == "3 processes a side are too few: at least 5 are needed"


def test_one_process_a_side_says_nothing() -> None:
    assert one(case(0.5, count=1)).finding is Finding.INCONCLUSIVE


def test_between_the_rounds_it_tells_how_many_pairs_are_wanted() -> None:
    going_on = replace(RULES, ended=False)
    assert one(case(0.0, count=3), going_on).wanted == 5
    noisy = case(
        baseline=processes(noise(1, 6, sd=0.1), "a"),
        current=processes(noise(2, 6, 0.05, sd=0.1), "b"),
    )
    assert one(noisy, going_on).wanted == 8
    assert one(case(0.0, count=6), going_on).wanted == 0
    assert one(noisy, RULES).wanted == 0


def test_data_that_nobody_looked_at_are_looked_at_once() -> None:
    slower_at_first = [*noise(2, 5, 0.3), *noise(3, 27)]
    given = case(current=processes(slower_at_first, "b"))
    assert one(given).finding is Finding.REGRESSION
    assert one(given).pairs == 5
    at_once = one(given, replace(RULES, sequential=False))
    assert (at_once.finding, at_once.pairs) == (Finding.PASS, 32)


def test_a_control_that_moved_undoes_what_was_decided() -> None:
    cases = [
        case(0.08),
        case(0.0, name="tg16"),
        case(0.09, name="ctl", benchmark=benchmark("ctl", control=True)),
        Case(name="x", benchmark=benchmark("x"), settled=Finding.NEW),
    ]
    found = judge(cases, RULES)
    assert [each.finding for each in found] == [
        *[Finding.INCONCLUSIVE] * 3,
        Finding.NEW,
    ]
    assert "the control ctl moved by +9" in found[0].why
    still = judge([cases[0], replace(cases[2], current=case().current)], RULES)
    assert [each.finding for each in still] == [Finding.REGRESSION, Finding.PASS]


def test_a_control_arm_that_moved_undoes_what_was_decided() -> None:
    drifted = replace(case(0.08), again=processes(noise(5, 32, 0.08), "a"))
    assert one(drifted).finding is Finding.INCONCLUSIVE
    assert "the control arm of pp64 moved by +" in one(drifted).why
    steady = replace(case(0.08), again=processes(noise(5, 32), "a"))
    assert one(steady).finding is Finding.REGRESSION


def test_controls_take_no_share_of_the_error() -> None:
    alone = one(case(0.03, count=5))
    control = case(0.0, name="ctl", benchmark=benchmark("ctl", control=True))
    assert judge([case(0.03, count=5), control], RULES)[0].detectable == alone.detectable


def test_a_history_makes_few_pairs_enough() -> None:
    source = random.Random(1)
    pairs = [source.gauss(0, 0.014) for _ in range(30)]
    with_history = replace(RULES, history={"pp64": pairs})
    few = case(0.04, count=5)
    assert one(few, with_history).finding is Finding.REGRESSION
    assert one(few, with_history).history == 20
    assert one(few).finding is Finding.INCONCLUSIVE
    assert one(few).history == 0
