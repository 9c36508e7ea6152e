"""From what is found of each benchmark to the verdict of the gate. Pure."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.result import Verdict, worst
from .accepted import Accepted
from .cases import Finding
from .deciding import Judged

_VERDICTS = {
    Finding.PASS: Verdict.PASS,
    Finding.IMPROVEMENT: Verdict.PASS,
    Finding.NEW: Verdict.PASS,
    Finding.INCONCLUSIVE: Verdict.INCONCLUSIVE,
    Finding.REMOVED: Verdict.NO_DATA,
    Finding.ENV_MISMATCH: Verdict.NO_DATA,
    Finding.NO_DATA: Verdict.NO_DATA,
    Finding.REGRESSION: Verdict.FAIL,
}
_COMPARED = (Finding.PASS, Finding.IMPROVEMENT, Finding.INCONCLUSIVE, Finding.REGRESSION)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A benchmark in the list of findings; `accepted` is the entry of the accept list that holds
    for it, `expired` one that would have, and ended.
    """

    judged: Judged
    accepted: Accepted | None = None
    expired: Accepted | None = None

    @property
    def name(self) -> str:
        """The benchmark's name."""
        return self.judged.case.name

    @property
    def finding(self) -> Finding:
        """What is found of it."""
        return self.judged.finding

    @property
    def verdict(self) -> Verdict:
        """What it means for the gate; a control means nothing."""
        if self.accepted or self.judged.case.control:
            return Verdict.PASS
        return _VERDICTS[self.finding]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """All findings, the worst first, and entries of the accept list that match nothing."""

    entries: tuple[Entry, ...]
    unused: tuple[Accepted, ...] = ()

    @property
    def compared(self) -> int:
        """How many benchmarks, controls left out, were compared."""
        return sum(each.finding in _COMPARED for each in self._counted)

    @property
    def regressions(self) -> tuple[Entry, ...]:
        """The benchmarks that became slower, and nobody accepts it."""
        return tuple(each for each in self._counted if each.verdict is Verdict.FAIL)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many benchmarks there are of each finding, controls left out."""
        counted = Counter(each.finding for each in self._counted)
        return {each.value: counted[each] for each in Finding if counted[each]}

    @property
    def _counted(self) -> tuple[Entry, ...]:
        return tuple(each for each in self.entries if not each.judged.case.control)

    def verdict(self, *, confirm: bool) -> Verdict:
        """The worst of all; NO_DATA where nothing was compared.

        With `confirm` a regression is only an alarm, which another run has to confirm.
        """
        found = worst(each.verdict for each in self._counted)
        if found is Verdict.PASS and not self.compared:
            return Verdict.NO_DATA
        if found is Verdict.FAIL and confirm:
            others = [each.verdict for each in self._counted if each.verdict is not Verdict.FAIL]
            return worst([Verdict.INCONCLUSIVE, *others])
        return found


def sort(
    judged: Sequence[Judged], accepted: Sequence[Accepted], *, today: datetime.date
) -> Judgement:
    """The findings with what is accepted of them. `today` is the day in UTC."""
    entries = [_entry(each, accepted, today) for each in judged]
    used = {id(entry) for each in judged for entry in accepted if _speaks_of(entry, each)}
    ranked = sorted(entries, key=lambda entry: -_rank(entry))
    return Judgement(
        entries=tuple(ranked), unused=tuple(each for each in accepted if id(each) not in used)
    )


def _entry(judged: Judged, accepted: Sequence[Accepted], today: datetime.date) -> Entry:
    if judged.finding not in (Finding.REGRESSION, Finding.REMOVED):
        return Entry(judged=judged)
    matching = [each for each in accepted if _speaks_of(each, judged)]
    holding = [each for each in matching if each.holds(today)]
    if holding:
        return Entry(judged=judged, accepted=holding[0])
    return Entry(judged=judged, expired=matching[0] if matching else None)


def _speaks_of(entry: Accepted, judged: Judged) -> bool:
    """A benchmark that is gone has no size: any entry with its name accepts that."""
    change = judged.estimate if judged.finding is Finding.REGRESSION else -math.inf
    return entry.covers(judged.case.name, change)


def _rank(entry: Entry) -> int:
    """0 for what matters least; stable, so that names stay in order within a rank."""
    order = list(Finding).index(entry.finding)
    return 2 * order - (1 if entry.accepted or entry.judged.case.control else 0)
