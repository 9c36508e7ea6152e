"""Test reports as Markdown for the step summary. Pure."""

from __future__ import annotations

from .inert import plain, table
from .junit import Case, Report

_MOST_FAILURES = 30
_DETAIL = 400


def counts(report: Report) -> str:
    """`5 ran, 1 failed, 2 skipped`."""
    return f"{report.measured} ran, {len(report.failed)} failed, {report.skipped} skipped"


def failures(report: Report) -> str:
    """A table of the tests that failed; empty where none did."""
    if not report.failed:
        return ""
    rows = [(plain(case.title), plain(_why(case))) for case in report.failed[:_MOST_FAILURES]]
    more = len(report.failed) - _MOST_FAILURES
    rest = f"\n… and {more} more.\n" if more > 0 else ""
    return table(("Failed test", "Why"), rows) + rest


def _why(case: Case) -> str:
    lines = case.message.strip().splitlines()
    return lines[0][:_DETAIL] if lines else case.outcome.value
