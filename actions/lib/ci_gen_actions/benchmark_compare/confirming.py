"""An alarm is believed once a fresh job raises it, too.

How code lies in memory can make one build's processes tightly and wrongly slow; so can a machine.
A second run, in a job of its own, shares neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .cases import Finding
from .deciding import Judged

CONFIRMED = "both runs found it"
NOT_CONFIRMED = "the first run's alarm was not confirmed: a fresh run found nothing"
UNDECIDED = "the first run found a regression, and the second could not decide"


def alarms(judged: Sequence[Judged]) -> tuple[str, ...]:
    """The names of the benchmarks that a fresh job should measure again."""
    return tuple(
        each.case.name
        for each in judged
        if each.finding is Finding.REGRESSION and not each.case.control
    )


def confirmed(first: Mapping[str, Finding], second: Sequence[Judged]) -> tuple[Judged, ...]:
    """The findings of two runs together; `first` maps names to the first run's findings.

    What the first run alarmed about counts as the second finds it. An alarm of the second run
    alone is not confirmed either: it stays open. What only the first run measured keeps its
    finding there and is not listed here.
    """
    return tuple(_joined(first.get(each.case.name), each) for each in second)


def unmeasured(first: Mapping[str, Finding], second: Sequence[Judged]) -> tuple[str, ...]:
    """The names that the first run alarmed about and the second did not measure."""
    measured = {each.case.name for each in second}
    alarmed = (name for name, finding in first.items() if finding is Finding.REGRESSION)
    return tuple(name for name in alarmed if name not in measured)


def _joined(first: Finding | None, second: Judged) -> Judged:
    if first is Finding.REGRESSION:
        if second.finding is Finding.REGRESSION:
            return replace(second, why=CONFIRMED)
        if second.finding in (Finding.PASS, Finding.IMPROVEMENT):
            return replace(second, why=NOT_CONFIRMED)
        return replace(second, why=f"{UNDECIDED}; {second.why}" if second.why else UNDECIDED)
    if second.finding is Finding.REGRESSION and first is not None:
        why = f"only the second run found a regression; the first said {first}"
        return replace(second, finding=Finding.INCONCLUSIVE, why=why)
    return second
