from __future__ import annotations

from dataclasses import replace

from tests.support.benchmarks import measurement

from ci_gen_actions.benchmark_compare.cases import Finding
from ci_gen_actions.benchmark_compare.deciding import Rules, judge
from ci_gen_actions.benchmark_compare.matching import of_measurement
from ci_gen_actions.benchmark_compare.measurement_file import Measurement, Round
from ci_gen_actions.benchmark_compare.progress import wanted

RULES = Rules()
CHANGES = {"pp64": 0.0, "tg16": 0.1, "pp512": 0.04}


def rounds_for(whole: Measurement, count: int, keys: set[str]) -> Round:
    """The next round of a measurement that goes on with some of its benchmarks."""
    full = whole.rounds[count]
    return replace(
        full,
        samples={
            arm: {key: values for key, values in of.items() if key in keys}
            for arm, of in full.samples.items()
        },
    )


def test_nothing_measured_yet_wants_the_first_look() -> None:
    empty = replace(measurement(CHANGES), rounds=())
    assert wanted(empty, RULES) == dict.fromkeys(CHANGES, 5)


def test_measuring_by_its_answers_ends_and_gives_what_all_rounds_would() -> None:
    whole = measurement(CHANGES)
    so_far = replace(whole, rounds=())
    used = dict.fromkeys(CHANGES, 0)
    while keys := set(wanted(so_far, RULES)):
        round_ = rounds_for(whole, len(so_far.rounds), keys)
        so_far = replace(so_far, rounds=(*so_far.rounds, round_))
        used = {key: count + (key in keys) for key, count in used.items()}
    assert used["pp64"] < 32
    found = judge(of_measurement(so_far).cases, RULES)
    assert {each.case.name: each.pairs for each in found} == used
    assert {each.case.name: each.finding for each in found} == {
        each.case.name: each.finding for each in judge(of_measurement(whole).cases, RULES)
    }
    assert Finding.REGRESSION in [each.finding for each in found]


def test_after_the_last_look_nothing_is_wanted() -> None:
    whole = measurement({"pp64": 0.03}, rounds=32)
    noisy = replace(RULES, design=replace(RULES.design, alarm_error=1e-9, pass_error=1e-9))
    assert wanted(whole, noisy) == {}
    assert wanted(replace(whole, rounds=whole.rounds[:13]), noisy) == {"pp64": 18}
