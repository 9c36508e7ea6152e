from __future__ import annotations

import itertools

from ci_gen_actions.core.result import Result, Verdict, worst


def test_the_order_of_the_verdicts() -> None:
    ranked = sorted(Verdict, key=lambda verdict: verdict.rank)
    assert [str(each) for each in ranked] == ["PASS", "INCONCLUSIVE", "NO_DATA", "ERROR", "FAIL"]


def test_only_pass_is_zero() -> None:
    statuses = {str(each): each.exit_status for each in Verdict}
    assert statuses == {"PASS": 0, "INCONCLUSIVE": 3, "NO_DATA": 3, "ERROR": 3, "FAIL": 1}


def test_the_worst_wins_in_any_order() -> None:
    for verdicts in itertools.permutations(Verdict, 3):
        assert worst(verdicts).rank == max(each.rank for each in verdicts)


def test_the_worst_of_nothing_is_no_data() -> None:
    assert worst([]) is Verdict.NO_DATA


def test_a_result_needs_only_a_verdict() -> None:
    assert Result(Verdict.PASS) == Result(Verdict.PASS, None, {}, "")
