"""The times of a graph's jobs, in whole milliseconds from the start of the pipeline.

Whole numbers, so that sums do not depend on the order of adding and two jobs that touch in
time are never taken for overlapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ci_gen.pipeline.model import Job
from ci_gen.pipeline.order import successors


@dataclass(frozen=True)
class Times:
    """Of one job, in milliseconds: its slowest run, and all its runs together."""

    longest: int
    total: int
    measured: bool


def runs(job: Job) -> int:
    """How many runs the job has: its matrix rows, or one."""
    return max(1, len(job.matrix.rows)) if job.matrix else 1


def times(jobs: Iterable[Job], measured: Mapping[str, float]) -> tuple[dict[str, Times], set[str]]:
    """The times of each job, and the names of the durations that were used for them."""
    found: dict[str, Times] = {}
    used: set[str] = set()
    jobs = tuple(jobs)
    ids = {job.id for job in jobs}
    for job in jobs:
        expected = round(job.expected_minutes * 60_000)
        whole = measured.get(job.id)
        rows = [_row_names(job, row) for row in (job.matrix.rows if job.matrix else ())]
        # A name that is itself the id of a job means that job and never another one's row.
        row_of = [
            next((name for name in names if name in measured and name not in ids), None)
            for names in rows
        ]
        used.update(name for name in row_of if name is not None)
        if whole is not None:
            used.add(job.id)
        fallback = expected if whole is None else round(whole * 1000)
        each = [fallback if name is None else round(measured[name] * 1000) for name in row_of]
        each = each or [fallback]
        found[job.id] = Times(
            longest=max(each),
            total=sum(each),
            measured=whole is not None or any(name is not None for name in row_of),
        )
    return found, used


def _row_names(job: Job, row: Mapping[str, str]) -> tuple[str, ...]:
    name = row.get("variant", "")
    return (f"{job.id}-{name}", f"{job.id} ({name})") if name else ()


def reduced(
    order: Sequence[str], needs: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """`needs` without those that follow from others (the transitive reduction)."""
    before: dict[str, set[str]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for job in order:
        farther = set[str]().union(*(before[need] for need in needs[job]))
        found[job] = tuple(need for need in needs[job] if need not in farther)
        before[job] = farther | set(needs[job])
    return found


def levels(order: Sequence[str], needs: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The number of jobs on the longest chain before each."""
    found: dict[str, int] = {}
    for job in order:
        found[job] = max((found[need] + 1 for need in needs[job]), default=0)
    return found


def starts(
    order: Sequence[str], needs: Mapping[str, tuple[str, ...]], times: Mapping[str, Times]
) -> dict[str, int]:
    """When each job starts: as soon as all that it needs is done."""
    start: dict[str, int] = {}
    for job in order:
        start[job] = max((start[n] + times[n].longest for n in needs[job]), default=0)
    return start


def critical_path(
    jobs: Sequence[str],
    needs: Mapping[str, tuple[str, ...]],
    finish: Mapping[str, int],
    length: int,
) -> tuple[str, ...]:
    """The longest path; of equal ones, that through the jobs which the plan names first."""
    waited_for = {need for each in needs.values() for need in each}
    place = {job: index for index, job in enumerate(jobs)}
    ends = [job for job in jobs if finish[job] == length and job not in waited_for]
    path = ends[:1]
    while path and needs[path[-1]]:
        path.append(min(needs[path[-1]], key=lambda need: (-finish[need], place[need])))
    return tuple(reversed(path))


def slack(
    order: Sequence[str],
    needs: Mapping[str, tuple[str, ...]],
    times: Mapping[str, Times],
    start: Mapping[str, int],
    length: int,
) -> dict[str, int]:
    """How much longer each job may take before the whole takes longer."""
    after = successors(needs)
    latest: dict[str, int] = {}
    for job in reversed(order):
        latest[job] = min((latest[n] for n in after[job]), default=length) - times[job].longest
    return {job: latest[job] - start[job] for job in order}


def peak(jobs: Iterable[Job], start: Mapping[str, int], finish: Mapping[str, int]) -> int:
    """The most runs under way at one moment; a run that ends makes room for the next."""
    changes: list[tuple[int, int]] = []
    most = 0
    for job in jobs:
        count = runs(job)
        # A job of no length overlaps nothing but its own rows.
        most = max(most, count)
        if finish[job.id] > start[job.id]:
            changes += [(start[job.id], count), (finish[job.id], -count)]
    now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
