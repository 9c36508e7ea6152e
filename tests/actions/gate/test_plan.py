from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.result import Verdict
from ci_gen_actions.gate.options import Options
from ci_gen_actions.gate.plan import Decision, Found, decide

PASS, FAIL, NO_DATA = Verdict.PASS, Verdict.FAIL, Verdict.NO_DATA


def found(stage: str, verdict: Verdict, job: str = "", usable: str = "") -> Found:
    path = f"evidence/{stage}.json"
    return Found(stage=stage, job=job, verdict=verdict, path=path, usable=usable)


def judged(
    needs: dict[str, str], *evidence: Found, unmerged: bool = False, **options: Any
) -> Decision:
    return decide(Options(**options), needs, evidence, unmerged=unmerged)


def why(decision: Decision, job: str) -> str:
    (found_,) = (each.why for each in decision.jobs if each.job == job)
    return found_


def test_all_jobs_succeeded() -> None:
    got = judged({"a": "success", "b": "success"}, expected=("a", "b"))
    assert (got.verdict, got.failed) == (PASS, ())


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ("failure", FAIL),
        ("cancelled", NO_DATA),
        ("skipped", NO_DATA),
        ("mystery", Verdict.ERROR),
        ("", Verdict.ERROR),
        ("Success", Verdict.ERROR),
    ],
)
def test_anything_but_success_is_not_green(result: str, verdict: Verdict) -> None:
    got = judged({"a": "success", "b": result})
    assert (got.verdict, got.failed) == (verdict, ("b",))


def test_an_expected_job_that_is_not_needed_is_not_green() -> None:
    got = judged({"a": "success"}, expected=("a", "gone"))
    assert (got.verdict, got.failed) == (NO_DATA, ("gone",))
    assert why(got, "gone") == "is not among the jobs that this one needs"


def test_nothing_at_all_is_no_data() -> None:
    assert judged({}).verdict is NO_DATA
    assert judged({}).jobs == ()


UNAFFECTED: dict[str, Any] = {"skip_unaffected": ("b",), "code": "false"}
FORK: dict[str, Any] = {"skip_forks": ("b",), "fork": True}
UNMERGED: dict[str, Any] = {"skip_unmerged": ("b",), "unmerged": True}


@pytest.mark.parametrize("allowance", [UNAFFECTED, FORK, UNMERGED])
def test_an_allowed_skip_does_not_count(allowance: dict[str, Any]) -> None:
    got = judged({"a": "success", "b": "skipped"}, **allowance)
    assert (got.verdict, got.failed) == (PASS, ())
    assert [each.skipped for each in got.jobs] == [False, True]


@pytest.mark.parametrize(
    "allowance",
    [
        {**UNAFFECTED, "code": "true"},
        {**UNAFFECTED, "skip_unaffected": ("a",)},
        {**FORK, "fork": False},
        {**FORK, "skip_forks": ("a",)},
        {**UNMERGED, "unmerged": False},
        {**UNMERGED, "skip_unmerged": ("a",)},
        {"skip_forks": ("b",), "unmerged": True},
        {"skip_unmerged": ("b",), "fork": True, "code": "false"},
        {"skip_unaffected": ("b",), "fork": True},
        {"skip_forks": ("b",), "code": "false"},
    ],
)
def test_any_other_skip_is_not_green(allowance: dict[str, Any]) -> None:
    assert judged({"a": "success", "b": "skipped"}, **allowance).verdict is NO_DATA


@pytest.mark.parametrize("allowance", [UNAFFECTED, FORK, UNMERGED])
@pytest.mark.parametrize("result", ["failure", "cancelled", "mystery"])
def test_what_may_be_skipped_may_not_fail(allowance: dict[str, Any], result: str) -> None:
    assert judged({"a": "success", "b": result}, **allowance).failed == ("b",)


def test_when_everything_was_skipped_nothing_was_measured() -> None:
    assert judged({"b": "skipped"}, **UNAFFECTED).verdict is NO_DATA


# Evidence -----------------------------------------------------------------------------------------


def test_evidence_tells_which_kind_of_failure() -> None:
    got = judged({"a": "failure"}, found("a", Verdict.INCONCLUSIVE))
    assert got.verdict is Verdict.INCONCLUSIVE


def test_a_failure_after_good_evidence_stays_one() -> None:
    got = judged({"a": "failure"}, found("a", PASS))
    assert got.verdict is FAIL
    assert why(got, "a") == "GitHub's result: failure; evidence: a PASS"


def test_a_success_with_bad_evidence_is_none() -> None:
    assert judged({"a": "success"}, found("x", FAIL, job="a")).verdict is FAIL
    assert judged({"a": "success"}, found("a", PASS, usable="is stale")).verdict is NO_DATA
    assert judged({"a": "cancelled"}, found("a", FAIL)).verdict is FAIL
    assert judged({"a": "cancelled"}, found("a", PASS)).verdict is NO_DATA


def test_without_needs_the_evidence_decides() -> None:
    got = judged({}, found("a", PASS), found("b-12", PASS, job="b"), expected=("a", "b"))
    assert (got.verdict, len(got.jobs)) == (PASS, 2)


def test_every_row_of_a_matrix_counts() -> None:
    rows = (found("b-12", PASS, job="b"), found("b-13", FAIL, job="b"))
    assert judged({}, *rows, expected=("b",)).verdict is FAIL
    named = judged({}, rows[0], expected=("b-12", "b-13"))
    assert (named.verdict, named.failed) == (NO_DATA, ("b-13",))


def test_missing_evidence_is_not_green_unless_the_job_may_be_skipped() -> None:
    a = found("a", PASS)
    got = judged({}, a, expected=("a", "b"))
    assert (got.verdict, why(got, "b")) == (NO_DATA, "is not among the evidence")
    assert judged({}, a, expected=("a", "b"), **UNAFFECTED).verdict is PASS
    assert judged({}, a, expected=("a", "b"), **FORK).verdict is PASS
    assert judged({}, a, expected=("a", "b"), **UNMERGED).verdict is PASS


def test_evidence_of_a_job_that_may_be_skipped_counts_all_the_same() -> None:
    assert judged({}, found("b", FAIL), expected=("b",), **UNAFFECTED).verdict is FAIL


def test_evidence_that_nobody_expected_counts() -> None:
    got = judged({"a": "success"}, found("z", FAIL))
    assert (got.verdict, got.failed) == (FAIL, ("z",))


results = st.sampled_from(["success", "failure", "cancelled", "skipped", "mystery"])
jobs = st.sampled_from(["a", "b", "c", "d"])
files = st.builds(
    found,
    jobs,
    st.sampled_from(Verdict),
    job=jobs | st.just(""),
    usable=st.sampled_from(["", "is stale"]),
)


@given(
    st.dictionaries(jobs, results),
    st.lists(files, max_size=5),
    st.lists(jobs, unique=True).map(tuple),
    st.lists(jobs).map(tuple),
    st.lists(jobs).map(tuple),
    st.lists(jobs).map(tuple),
    st.sampled_from(["true", "false"]),
    st.booleans(),
    st.booleans(),
)
def test_green_means_that_every_job_is(
    needs: dict[str, str],
    evidence: list[Found],
    expected: tuple[str, ...],
    unaffected: tuple[str, ...],
    forks: tuple[str, ...],
    before_merge: tuple[str, ...],
    code: str,
    fork: bool,
    unmerged: bool,
) -> None:
    options = Options(
        expected=expected,
        skip_unaffected=unaffected,
        skip_forks=forks,
        skip_unmerged=before_merge,
        code=code,
        fork=fork,
    )
    got = decide(options, needs, evidence, unmerged=unmerged)
    if got.verdict is not PASS:
        return
    allowed = set(unaffected if code == "false" else ()) | set(forks if fork else ())
    allowed |= set(before_merge if unmerged else ())
    assert {job for job, result in needs.items() if result != "success"} <= {
        job for job in allowed if needs.get(job) == "skipped"
    }
    told = {each.job for each in evidence} | {each.stage for each in evidence}
    assert set(expected) <= set(needs) | told | allowed
    skipped = {each.job for each in got.jobs if each.skipped}
    assert all(
        each.verdict is PASS and not each.usable
        for each in evidence
        if not {each.job, each.stage} & skipped
    )
    assert any(not each.skipped for each in got.jobs)


@pytest.mark.parametrize(
    ("areas", "verdict"),
    [
        ("", PASS),
        (",chat,", NO_DATA),
        (",search,", NO_DATA),
        (",chats,", PASS),
        (",a,chat,", NO_DATA),
    ],
)
def test_a_job_with_parts_may_be_skipped_where_none_of_them_is_affected(
    areas: str, verdict: Verdict
) -> None:
    got = judged(
        {"a": "success", "build": "skipped"},
        skip_unaffected=("a", "build: chat search"),
        code="false",
        areas=areas,
    )
    assert got.verdict is verdict


def test_parts_do_not_matter_where_code_is_affected() -> None:
    more = {"skip_unaffected": ("build: chat",), "code": "true", "areas": ""}
    assert judged({"a": "success", "build": "skipped"}, **more).verdict is NO_DATA


UNDECIDED = Verdict.INCONCLUSIVE


def test_what_could_not_decide_is_a_warning_where_that_is_allowed() -> None:
    values = (found("quality", UNDECIDED, job="quality"), found("a", PASS))
    got = judged({}, *values, expected=("a", "quality"), warn_inconclusive=("quality",))
    assert (got.verdict, got.failed) == (PASS, ())
    assert [each.job for each in got.jobs if each.warned] == ["quality"]
    strict = judged({}, *values, expected=("a", "quality"))
    assert (strict.verdict, strict.failed) == (UNDECIDED, ("quality",))


@pytest.mark.parametrize("verdict", [FAIL, NO_DATA, Verdict.ERROR])
def test_no_other_verdict_is_a_mere_warning(verdict: Verdict) -> None:
    got = judged({}, found("quality", verdict), warn_inconclusive=("quality",))
    assert (got.verdict, got.failed) == (verdict, ("quality",))


@pytest.mark.parametrize(("result", "verdict"), [("success", PASS), ("failure", UNDECIDED)])
def test_a_job_that_blocks_although_it_may_warn_is_not_green(result: str, verdict: Verdict) -> None:
    told = found("quality", UNDECIDED)
    got = judged({"quality": result}, told, warn_inconclusive=("quality",))
    assert got.verdict is verdict


def test_warnings_alone_are_green() -> None:
    got = judged({}, found("quality", UNDECIDED), warn_inconclusive=("quality",))
    assert got.verdict is PASS
