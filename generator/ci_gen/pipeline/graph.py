"""The graph of a pipeline: levels, earliest times, the critical path, how much runs at once.

A job starts as soon as all that it needs is done: waiting for a free runner is not part of
the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ci_gen.pipeline import schedule
from ci_gen.pipeline.model import Event, Job, Need, Pipeline, Stage
from ci_gen.pipeline.order import GraphError, topological

__all__ = ["Edge", "Graph", "GraphError", "Node", "build", "restrict"]


@dataclass(frozen=True, kw_only=True)
class Node:
    """One job in the graph. Times are seconds from the start of the pipeline.

    `level` is the number of jobs on the longest chain before this one. `seconds` is how long
    the job takes (its slowest matrix row); `measured` says that this was not the plan's
    estimate. `slack` is how much longer it may take before the pipeline takes longer.
    `runs` is the number of its matrix rows, which run side by side.
    """

    job: Job
    stage: Stage
    level: int
    seconds: float
    measured: bool
    start: float
    slack: float
    critical: bool
    runs: int

    @property
    def finish(self) -> float:
        """Seconds from the start of the pipeline to the earliest end of this job."""
        return round(self.start + self.seconds, 3)


@dataclass(frozen=True, kw_only=True)
class Edge:
    """`target` waits for `source`. `implied`: other edges say so already, no need to draw it."""

    source: str
    target: str
    artifacts: tuple[str, ...]
    implied: bool
    critical: bool


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A pipeline with its times. `nodes` are in the plan's order, as are `edges`' targets.

    `critical` is the chain of jobs that decides how long the pipeline takes (`length`,
    seconds); `work` is the sum over all runs (seconds); `width` and `gpu_width` are the most
    runs, and runs on GPU runners, that are under way at the same time. `unmatched` are the
    measured durations that belong to no job.
    """

    pipeline: Pipeline
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    critical: tuple[str, ...]
    length: float
    work: float
    width: int
    gpu_width: int
    unmatched: tuple[str, ...]

    @property
    def levels(self) -> tuple[tuple[Node, ...], ...]:
        """The nodes by level; those of one level can run at the same time."""
        count = max((node.level for node in self.nodes), default=-1) + 1
        return tuple(
            tuple(node for node in self.nodes if node.level == level) for level in range(count)
        )

    @property
    def drawn(self) -> tuple[Edge, ...]:
        """The edges that a picture needs: those that no others imply."""
        return tuple(edge for edge in self.edges if not edge.implied)

    @property
    def measured(self) -> int:
        """How many jobs carry a measured duration."""
        return sum(node.measured for node in self.nodes)


def build(pipeline: Pipeline, durations: Mapping[str, float] | None = None) -> Graph:
    """The graph of `pipeline`.

    `durations` are measured seconds by job id, or by `<job id>-<matrix row>` or
    `<job id> (<matrix row>)` for one row of a matrix; what is not measured takes the plan's
    expected minutes. Raises GraphError for a cycle, a need of an unknown job, two jobs of one
    id, or a duration that is not a number of seconds >= 0.
    """
    measured = dict(durations or {})
    _check_durations(measured)
    jobs = {job.id: job for job in pipeline.jobs()}
    order = topological(pipeline)
    needs = {job.id: tuple(dict.fromkeys(n.job for n in job.needs)) for job in jobs.values()}
    drawn = schedule.reduced(order, needs)
    times, used = schedule.times(jobs.values(), measured)
    start = schedule.starts(order, drawn, times)
    finish = {job: start[job] + times[job].longest for job in order}
    length = max(finish.values(), default=0)
    path = schedule.critical_path(tuple(jobs), drawn, finish, length)
    slack = schedule.slack(order, drawn, times, start, length)
    levels = schedule.levels(order, needs)
    nodes = tuple(
        Node(
            job=job,
            stage=stage,
            level=levels[job.id],
            seconds=times[job.id].longest / 1000,
            measured=times[job.id].measured,
            start=start[job.id] / 1000,
            slack=slack[job.id] / 1000,
            critical=job.id in path,
            runs=schedule.runs(job),
        )
        for stage in pipeline.stages
        for job in stage.jobs
    )
    return Graph(
        pipeline=pipeline,
        nodes=nodes,
        edges=_edges(jobs.values(), drawn, path),
        critical=path,
        length=length / 1000,
        work=sum(each.total for each in times.values()) / 1000,
        width=schedule.peak(jobs.values(), start, finish),
        gpu_width=schedule.peak((job for job in jobs.values() if job.runner.gpu), start, finish),
        unmatched=tuple(sorted(set(measured) - used)),
    )


def restrict(pipeline: Pipeline, event: Event, *, fork: bool = False) -> Pipeline:
    """The part of `pipeline` that runs for `event` (`fork`: for a fork's pull request).

    A job that needed one that is left out needs what that one needed instead, so that the
    order of the remaining jobs is kept. Stages without a job disappear.
    """
    topological(pipeline)
    jobs = {job.id: job for job in pipeline.jobs()}
    kept = {job.id for job in jobs.values() if event in job.events and (job.forks or not fork)}

    def needed(job: Job) -> tuple[Need, ...]:
        found: dict[str, Need] = {}
        for need in job.needs:
            deeper = (need,) if need.job in kept else needed(jobs[need.job])
            for each in deeper:
                # What came in through a job that is left out brings no artifacts along.
                found.setdefault(each.job, need if each is need else Need(job=each.job))
        return tuple(found.values())

    stages = (
        replace(
            stage,
            jobs=tuple(replace(job, needs=needed(job)) for job in stage.jobs if job.id in kept),
        )
        for stage in pipeline.stages
    )
    return replace(pipeline, stages=tuple(stage for stage in stages if stage.jobs))


def _check_durations(durations: Mapping[str, float]) -> None:
    for name, seconds in durations.items():
        # A day-long job is thinkable, a year-long one is a wrong unit; nan fails both sides.
        if not 0 <= seconds <= 366 * 24 * 3600:
            raise GraphError(
                f'duration of "{name}": {seconds} is not a plausible number of seconds; '
                "give seconds >= 0"
            )


def _edges(
    jobs: Iterable[Job], drawn: Mapping[str, tuple[str, ...]], path: Sequence[str]
) -> tuple[Edge, ...]:
    steps = set(pairwise(path))
    edges: dict[tuple[str, str], Edge] = {}
    for job in jobs:
        for need in job.needs:
            key = (need.job, job.id)
            earlier = edges[key].artifacts if key in edges else ()
            edges[key] = Edge(
                source=need.job,
                target=job.id,
                artifacts=tuple(dict.fromkeys((*earlier, *need.artifacts))),
                implied=need.job not in drawn[job.id],
                critical=key in steps,
            )
    return tuple(edges.values())
