"""Findings against a threshold and the ignore list. Pure: the day is given."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.result import Verdict, worst
from .findings import Finding, Severity
from .ignore_list import Entry


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What becomes of each finding.

    `blocking` reach the threshold and nobody accepts them; `expired` are those of them that an
    entry accepted once. `passed` are below the threshold, or without a fix where only fixed
    ones count. `unused` are entries that match nothing.
    """

    threshold: Severity
    blocking: tuple[Finding, ...] = ()
    passed: tuple[Finding, ...] = ()
    ignored: tuple[tuple[Finding, Entry], ...] = ()
    expired: tuple[tuple[Finding, Entry], ...] = ()
    unused: tuple[Entry, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many findings there are of each severity, accepted ones left out."""
        counted = Counter(each.severity.value for each in (*self.blocking, *self.passed))
        return {each.value: counted[each.value] for each in reversed(Severity)}


def judge(
    findings: Sequence[Finding],
    entries: Sequence[Entry],
    *,
    threshold: Severity,
    today: datetime.date,
    only_fixed: bool = False,
) -> Judgement:
    """Sort the findings. `today` is the day in UTC."""
    blocking: list[Finding] = []
    passed: list[Finding] = []
    ignored: list[tuple[Finding, Entry]] = []
    expired: list[tuple[Finding, Entry]] = []
    for finding in findings:
        matching = [each for each in entries if each.matches(finding)]
        holding = [each for each in matching if each.holds(today)]
        if holding:
            ignored.append((finding, holding[0]))
            continue
        if finding.severity.rank < threshold.rank or (only_fixed and not finding.fixed):
            passed.append(finding)
            continue
        blocking.append(finding)
        expired += [(finding, each) for each in matching[:1]]
    used = {id(each) for each in entries for finding in findings if each.matches(finding)}
    return Judgement(
        threshold=threshold,
        blocking=tuple(blocking),
        passed=tuple(passed),
        ignored=tuple(ignored),
        expired=tuple(expired),
        unused=tuple(each for each in entries if id(each) not in used),
    )


@dataclass(frozen=True, kw_only=True)
class Concern:
    """Why a scan proves less than it seems to, and the verdict that it must not exceed."""

    verdict: Verdict
    text: str


def verdict_of(judged: Judgement, concerns: Sequence[Concern]) -> Verdict:
    """FAIL where something blocks, else the worst of what keeps the scan from being sure."""
    failed = [Verdict.FAIL] if judged.blocking else []
    return worst([Verdict.PASS, *failed, *(each.verdict for each in concerns)])


def now_in_utc() -> datetime.datetime:
    """The time in UTC: the same on every runner, whatever its time zone."""
    return datetime.datetime.now(datetime.timezone.utc)
