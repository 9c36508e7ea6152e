from __future__ import annotations

from pathlib import Path

import pytest

from ci_gen_actions.core.junit import Case, Outcome, Report, ReportError, parse, read
from ci_gen_actions.core.junit_summary import counts, failures

CTEST = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="(empty)" tests="1" failures="0">
<testcase name="ok" classname="ok" time="0.5" status="run"><system-out/></testcase>
<testcase name="bad" classname="bad" time="0.25" status="fail"><failure message="Failed"/>
<system-out>a.c:3: oops</system-out></testcase>
<testcase name="gone" classname="gone" time="0" status="notrun">
<skipped message="Unable to find executable"/></testcase>
<testcase name="skip" classname="skip" time="0" status="notrun">
<skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="off" classname="off" time="x" status="disabled"/>
<testcase name="odd" classname="odd" time="0" status="fail"/>
</testsuite>"""

PYTEST = b"""<testsuites><testsuite name="pytest" tests="9">
<testcase classname="t.C" name="t" file="t.py" line="4" time="0.1"/>
<testcase classname="t" name="e"><error message="setup">boom</error></testcase>
<testcase classname="t" name="x"><skipped type="pytest.xfail" message="known"/></testcase>
<testcase classname="t" name="s"><skipped type="pytest.skip" message="not here"/></testcase>
</testsuite></testsuites>"""


def test_ctest() -> None:
    report = parse(CTEST)
    assert [case.outcome for case in report.cases] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.ERROR,
        Outcome.SKIPPED,
        Outcome.SKIPPED,
        Outcome.FAILED,
    ]
    assert [case.title for case in report.failed] == ["bad", "gone", "odd"]
    assert report.failed[0].details == "a.c:3: oops"
    assert (report.tests, report.skipped, report.measured, report.seconds) == (6, 2, 4, 0.75)


def test_pytest() -> None:
    report = parse(PYTEST)
    assert report.cases[0].line == 5
    assert report.cases[0].title == "t.C::t"
    assert [case.outcome for case in report.cases[1:]] == [
        Outcome.ERROR,
        Outcome.XFAILED,
        Outcome.SKIPPED,
    ]
    assert report.cases[1].details == "boom"
    assert report.measured == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no element"),
        (b"<testsuite>", "no element"),
        (b"<html/>", "<html>"),
        (b"\xff", "JUnit"),
    ],
)
def test_no_report(tmp_path: Path, text: bytes, why: str) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(text)
    with pytest.raises(ReportError, match=why) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_missing_report(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        read(tmp_path / "none.xml")


def test_summary() -> None:
    report = parse(CTEST)
    assert counts(report) == "4 ran, 3 failed, 2 skipped"
    assert "bad" in failures(report)
    assert failures(Report(())) == ""


def test_summary_is_inert_and_bounded() -> None:
    evil = Case(name="a|b</td>`x`", outcome=Outcome.FAILED, message="<script>\nsecond")
    text = failures(Report((evil,) * 40))
    assert "<script>" not in text
    assert "second" not in text
    assert "and 10 more" in text
