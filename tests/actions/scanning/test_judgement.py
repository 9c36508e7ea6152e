from __future__ import annotations

import datetime
import io

import pytest

from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.result import Verdict
from ci_gen_actions.scanning import presentation
from ci_gen_actions.scanning.findings import Finding, Severity, ordered
from ci_gen_actions.scanning.ignore_list import Entry
from ci_gen_actions.scanning.judgement import Concern, Judgement, judge, now_in_utc, verdict_of

TODAY = datetime.date(2026, 11, 24)
HIGH = Finding(id="CVE-1", severity=Severity.HIGH, package="openssl", version="3", fixed="3.1")
LOW = Finding(id="CVE-2", severity=Severity.LOW, package="zlib", version="1")
UNFIXED = Finding(id="CVE-3", severity=Severity.CRITICAL, package="glibc", version="2")
PLACED = Finding(id="DL1", severity=Severity.HIGH, file="a|b.Dockerfile", line=3, title="no `x`")


def judged(*findings: Finding, entries: tuple[Entry, ...] = (), **more: bool) -> Judgement:
    return judge(findings, entries, threshold=Severity.HIGH, today=TODAY, **more)


def entry(finding: str, expires: datetime.date = TODAY, line: int = 1) -> Entry:
    return Entry(id=finding, reason="looked at", expires=expires, line=line)


def test_what_reaches_the_threshold_blocks() -> None:
    found = judged(HIGH, LOW, UNFIXED)
    assert found.blocking == (HIGH, UNFIXED)
    assert found.passed == (LOW,)
    assert verdict_of(found, ()) is Verdict.FAIL


def test_only_fixed_ones_block_where_asked() -> None:
    found = judged(HIGH, UNFIXED, only_fixed=True)
    assert (found.blocking, found.passed) == ((HIGH,), (UNFIXED,))


def test_an_entry_holds_on_its_last_day_and_not_after() -> None:
    found = judged(HIGH, entries=(entry("cve-1"),))
    assert (found.blocking, found.ignored) == ((), ((HIGH, entry("cve-1")),))
    assert verdict_of(found, ()) is Verdict.PASS
    late = entry("CVE-1", TODAY - datetime.timedelta(days=1))
    found = judged(HIGH, entries=(late,))
    assert (found.blocking, found.expired) == ((HIGH,), ((HIGH, late),))


def test_one_holding_entry_is_enough() -> None:
    late = entry("CVE-1", TODAY - datetime.timedelta(days=1))
    assert judged(HIGH, entries=(late, entry("CVE-1", line=9))).blocking == ()


def test_entries_that_match_nothing_are_told() -> None:
    assert judged(HIGH, entries=(entry("CVE-1"), entry("CVE-9"))).unused == (entry("CVE-9"),)


def test_an_unknown_severity_never_blocks_and_is_counted() -> None:
    odd = Finding(id="CVE-4", severity=Severity.named("Undetermined"))
    found = judge((odd,), (), threshold=Severity.LOW, today=TODAY)
    assert found.blocking == ()
    assert found.counts["unknown"] == 1


@pytest.mark.parametrize("word", ["High", "HIGH", " high "])
def test_severities_are_read_in_any_case(word: str) -> None:
    assert Severity.named(word) is Severity.HIGH


def test_findings_are_sorted_and_told_once() -> None:
    assert ordered([LOW, HIGH, UNFIXED, HIGH]) == (UNFIXED, HIGH, LOW)


def test_the_worst_of_findings_and_concerns_is_the_verdict() -> None:
    doubt = Concern(verdict=Verdict.INCONCLUSIVE, text="x")
    assert verdict_of(judged(LOW), (doubt,)) is Verdict.INCONCLUSIVE
    assert verdict_of(judged(HIGH), (doubt,)) is Verdict.FAIL
    nothing = Concern(verdict=Verdict.NO_DATA, text="x")
    assert verdict_of(judged(), (doubt, nothing)) is Verdict.NO_DATA


def test_the_clock_is_in_utc() -> None:
    assert now_in_utc().utcoffset() == datetime.timedelta(0)


def test_what_blocks_is_annotated_and_the_list_has_its_say() -> None:
    log = io.BytesIO()
    late = entry("CVE-1", TODAY - datetime.timedelta(days=1), line=4)
    found = judged(HIGH, PLACED, LOW, entries=(late, entry("CVE-9", line=7)))
    presentation.announce(found, GitHub({}, log=log), "list.yaml")
    text = log.getvalue().decode()
    assert "::error file=a|b.Dockerfile,line=3::DL1 (high): no `x`" in text
    assert "::error::1 vulnerability: CVE-1 (high) in openssl 3, fixed in 3.1" in text
    assert "::error file=list.yaml,line=4::CVE-1 (openssl 3) is no longer accepted" in text
    assert "expired on 2026-11-23" in text
    assert "::notice file=list.yaml,line=7::the entry for CVE-9 matches nothing" in text


def test_the_summary_is_inert_and_complete() -> None:
    hostile = Finding(
        id="CVE-5", severity=Severity.HIGH, package="<img>", link="javascript:x", title="a|b\n<b>"
    )
    found = judged(hostile, HIGH, LOW, entries=(entry("CVE-1"),))
    text = presentation.summary(found, ignored_by="list.yaml")
    assert "javascript" not in text
    assert r"a\|b \<b\>" in text
    assert "| `CVE-1` | `openssl 3` | 2026-11-24 | looked at | `list.yaml:1` |" in text
    assert "Found: 1 high, 1 low." in text


def test_links_of_https_are_kept() -> None:
    linked = Finding(id="CVE-6", severity=Severity.HIGH, link="https://osv.dev/CVE-6")
    text = presentation.summary(judged(linked), ignored_by="")
    assert "[`CVE-6`](https://osv.dev/CVE-6)" in text


def test_long_lists_are_cut_and_counted() -> None:
    many = [Finding(id=f"CVE-{n}", severity=Severity.HIGH, file="a") for n in range(200)]
    found = judged(*many)
    assert "and 100 more, in the report" in presentation.summary(found, ignored_by="")
    told = presentation.told(found)
    assert (len(told["blocking"]), told["blocking-total"]) == (100, 200)
    log = io.BytesIO()
    presentation.announce(found, GitHub({}, log=log), "list.yaml")
    assert "150 more findings" in log.getvalue().decode()
