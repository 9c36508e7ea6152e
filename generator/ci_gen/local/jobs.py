"""Which jobs run here, in which order, with which inputs. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from ci_gen.errors import UsageError
from ci_gen.pipeline.model import (
    VARIANT,
    ActionCall,
    ForkRef,
    Job,
    MatrixRef,
    OutputRef,
    Pipeline,
    StepRef,
    TokenRef,
    ToolRef,
    Value,
)
from ci_gen.render.gitlab_values import variable
from ci_gen.render.pins import pins

Outputs = Mapping[tuple[str, str, str], str]
"""(job, action, output) -> value, as earlier jobs of this run gave them."""


def chosen(pipeline: Pipeline, names: Iterable[str]) -> list[Job]:
    """The named jobs and all that they need, in order; without names all that can run here.

    Jobs that `left_out` tells run only where they are named; the aggregate
    sums up platforms' results and has nothing to sum up here. Raises UsageError for a name
    that is no job.
    """
    jobs = {job.id: job for job in pipeline.jobs() if job.id != pipeline.aggregate}
    wanted = list(names)
    for name in wanted:
        if name not in jobs:
            near = difflib.get_close_matches(name, jobs, n=1)
            hint = f'Did you mean "{near[0]}"? ' if near else ""
            raise UsageError(f'There is no job "{name}" to run.', hint + "Jobs: " + ", ".join(jobs))
    if not wanted:
        wanted = [name for name in jobs if name not in left_out(pipeline)]
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in needed:
            needed.add(name)
            wanted.extend(need.job for need in jobs[name].needs)
    return [job for job in jobs.values() if job.id in needed]


def left_out(pipeline: Pipeline) -> dict[str, str]:
    """Job -> why it does not run here unless it is named; the aggregate is none of them."""
    found: dict[str, str] = {}
    for job in pipeline.jobs():
        behind = [need.job for need in job.needs if need.job in found]
        if job.id == pipeline.aggregate:
            continue
        if job.runner.gpu:
            found[job.id] = "needs a GPU"
        elif job.by_hand:
            found[job.id] = "waits for a person; named, it runs and promotes nothing"
        elif job.after_merge:
            found[job.id] = "runs after a merge; named, it runs and publishes nothing"
        elif behind:
            found[job.id] = f"needs {behind[0]}"
    return found


def rows(job: Job) -> list[Mapping[str, str]]:
    """The rows of the job's matrix, one empty row where it has none."""
    return list(job.matrix.rows) if job.matrix else [{}]


def environment(
    job: Job,
    call: ActionCall,
    row: Mapping[str, str],
    outputs: Outputs,
    secrets: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The inputs of one action as environment variables.

    `secrets` are those by which this machine's user may read what a job works on.
    """
    values = {
        name: _own(value, job, secrets or {}, outputs) or _value(value, row, outputs)
        for name, value in call.inputs.items()
    }
    return {variable(call.action, name): value for name, value in values.items() if value}


def _own(value: Value, job: Job, secrets: Mapping[str, str], outputs: Outputs) -> str:
    """What only the user and the job itself can tell; "" for every other value."""
    if isinstance(value, TokenRef):
        return secrets.get(value.name, "")
    if isinstance(value, StepRef):
        return outputs.get((job.id, value.call, value.output), "")
    return ""


def _value(value: Value, row: Mapping[str, str], outputs: Outputs) -> str:
    if isinstance(value, str):
        return value.replace(VARIANT, row.get("variant", ""))
    if isinstance(value, MatrixRef):
        return row[value.key]
    if isinstance(value, OutputRef):
        return outputs.get((value.job, value.action, value.output), "")
    if isinstance(value, ToolRef):
        return "\n".join(pins().tool(value.name))
    return "false" if isinstance(value, ForkRef) else ""
