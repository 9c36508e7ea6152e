"""The order that a pipeline's needs impose on its jobs, and what is wrong where there is none."""

from __future__ import annotations

from collections.abc import Mapping

from ci_gen.errors import UsageError
from ci_gen.pipeline.model import Pipeline


class GraphError(UsageError):
    """The jobs of a pipeline make no graph; the message says which and what to do."""


def topological(pipeline: Pipeline) -> tuple[str, ...]:
    """The job ids, each after all that it needs; those that become ready together as planned.

    Raises GraphError for two jobs of one id, a need of an unknown job, and a cycle.
    """
    needs: dict[str, tuple[str, ...]] = {}
    for stage in pipeline.stages:
        for job in stage.jobs:
            if job.id in needs:
                raise GraphError(
                    f'stage "{stage.id}": a second job has the id "{job.id}"; '
                    "ids are names of checks and must differ: rename one of the two"
                )
            needs[job.id] = tuple(dict.fromkeys(need.job for need in job.needs))
    _check_known(pipeline, needs)
    done: dict[str, None] = {}
    waiting = dict(needs)
    while waiting:
        ready = [job for job, each in waiting.items() if all(need in done for need in each)]
        if not ready:
            raise GraphError(
                f"jobs wait for one another in a circle: {' -> '.join(_cycle(waiting))}; "
                "no job of it could ever start: remove one of these needs"
            )
        done.update(dict.fromkeys(ready))
        waiting = {job: each for job, each in waiting.items() if job not in done}
    return tuple(done)


def successors(needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """For each job those that need it, in the order of `needs`."""
    after: dict[str, list[str]] = {job: [] for job in needs}
    for job, each in needs.items():
        for need in each:
            after[need].append(job)
    return {job: tuple(each) for job, each in after.items()}


def _check_known(pipeline: Pipeline, needs: Mapping[str, tuple[str, ...]]) -> None:
    for stage in pipeline.stages:
        for job in stage.jobs:
            for need in needs[job.id]:
                if need not in needs:
                    raise GraphError(
                        f'job "{job.id}" of stage "{stage.id}" needs "{need}", '
                        f"but no stage has a job of that id{_meant(need, needs)}"
                    )


def _meant(name: str, known: Mapping[str, object]) -> str:
    # Imported here: only an error needs it, and the import costs every command time.
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else "; add the job or remove the need"


def _cycle(needs: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A circle in `needs`, each job followed by one that it needs, the first one repeated.

    Every job in `needs` must have a need that is in there, too.
    """
    path: list[str] = [next(iter(needs))]
    while True:
        following = next(need for need in needs[path[-1]] if need in needs)
        if following in path:
            return (*path[path.index(following) :], following)
        path.append(following)
