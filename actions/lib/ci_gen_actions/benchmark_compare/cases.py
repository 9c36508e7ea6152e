"""The cases of a comparison: each benchmark with what both builds measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from .series import Benchmark, Process


class Finding(str, Enum):
    """What is found of one benchmark."""

    PASS = "PASS"  # noqa: S105 - a verdict
    IMPROVEMENT = "IMPROVEMENT"
    NEW = "NEW"
    INCONCLUSIVE = "INCONCLUSIVE"
    REMOVED = "REMOVED"
    ENV_MISMATCH = "ENV-MISMATCH"
    NO_DATA = "NO-DATA"
    REGRESSION = "REGRESSION"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Case:
    """One benchmark. In a `paired` one the processes of both sides correspond by their place,
    None where a round lacks one. `settled` is what is known without statistics (NEW, say), with
    its reason; `again` are the processes of the baseline's build that ran as a control arm.
    """

    name: str
    benchmark: Benchmark
    baseline: tuple[Process | None, ...] = ()
    current: tuple[Process | None, ...] = ()
    again: tuple[Process | None, ...] = ()
    paired: bool = False
    settled: Finding | None = None
    why: str = ""

    @property
    def control(self) -> bool:
        """Whether the change cannot affect it."""
        return self.benchmark.control


def present(processes: Sequence[Process | None]) -> tuple[Process, ...]:
    """The processes that are there."""
    return tuple(each for each in processes if each is not None)


def mismatch(baseline: Sequence[Process], current: Sequence[Process]) -> str:
    """Why the sides cannot be compared, "" where they can: other machines, or mixed builds."""
    for side, processes in (("baseline", baseline), ("current", current)):
        builds = sorted({each.build for each in processes if each.build})
        if len(builds) > 1:
            return f"the {side} holds processes of several builds: {', '.join(builds[:4])}"
    everywhere = [each.environment for each in (*baseline, *current)]
    if not everywhere:
        return ""
    for field in everywhere[0]:
        values = dict.fromkeys(each[field] for each in everywhere if field in each)
        if len(values) > 1:
            return f"{field} differs: {' and '.join(repr(each[:60]) for each in list(values)[:3])}"
    return ""
