"""The plan as GitHub Actions workflows. Every decision is made here or in the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ci_gen.pipeline.model import (
    VARIANT,
    ActionCall,
    Artifact,
    Event,
    ForkRef,
    Job,
    MatrixRef,
    NeedsRef,
    OutputRef,
    Pipeline,
    ResultsRef,
    Stage,
    Value,
)
from ci_gen.render.environment import render
from ci_gen.render.header import header
from ci_gen.render.pins import Pins
from ci_gen.render.scalars import block, flow, quoted, scalar
from ci_gen.render.source import ActionSource
from ci_gen.render.tools import packages

CI = ".github/workflows/ci.yml"
DRIFT = ".github/workflows/ci-gen.yml"
LINT = ".github/actionlint.yaml"

# Labels that GitHub gives to its own or to every self-hosted runner.
_KNOWN = frozenset(
    {
        *(f"ubuntu-{version}" for version in ("latest", "24.04", "24.04-arm", "22.04")),
        *("self-hosted", "linux", "x64", "arm64"),
    }
)

_FORK = (
    "github.event_name == 'pull_request' && "
    "github.event.pull_request.head.repo.full_name != github.repository"
)
_NOT_FORK = (
    "github.event_name != 'pull_request' || "
    "github.event.pull_request.head.repo.full_name == github.repository"
)


def workflows(pipeline: Pipeline, source: ActionSource, pins: Pins) -> dict[str, str]:
    """The path and text of each workflow."""
    values = {
        "branch": _literal(pipeline.default_branch),
        "header": header(CI, "the pipeline"),
        "pin": pins.action,
        "uses": source.uses,
        "stages": [_stage(stage, pipeline, source) for stage in pipeline.stages],
        "triggers": pipeline.triggers,
    }
    texts = {CI: render("github/ci.yml.j2", values)}
    if not source.vendored:
        texts[DRIFT] = render("github/ci-gen.yml.j2", {**values, **_drift(pipeline)})
    labels = sorted({label for job in pipeline.jobs() for label in job.runner.labels} - _KNOWN)
    if labels:
        named = {"header": header(LINT, "the labels that actionlint cannot know"), "labels": labels}
        texts[LINT] = render("github/actionlint.yaml.j2", named)
    return texts


def _drift(pipeline: Pipeline) -> dict[str, Any]:
    job = pipeline.job("changes")
    return {
        "header": header(DRIFT, "the check that the pipeline is up to date"),
        "drift": {"runs_on": _runs_on(job), "timeout": job.timeout_minutes},
    }


def _stage(stage: Stage, pipeline: Pipeline, source: ActionSource) -> dict[str, Any]:
    return {
        "id": stage.id,
        "title": stage.title,
        "why": stage.why,
        "jobs": [_job(job, pipeline, source) for job in stage.jobs],
    }


def _job(job: Job, pipeline: Pipeline, source: ActionSource) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": f"{job.id} (${{{{ matrix.variant }}}})" if job.matrix else job.id,
        "why": f"{job.title}. {job.why}",
        "needs": [need.job for need in job.needs],
        "condition": _condition(job),
        "runs_on": _runs_on(job),
        "timeout": job.timeout_minutes,
        "environment": _environment(job),
        "matrix": [_row(row) for row in job.matrix.rows] if job.matrix else [],
        "outputs": _outputs(job, pipeline),
        "full_history": job.id == "changes",
        "submodules": job.submodules,
        "tools": packages(job.tools) if _compiles(job) else [],
        "downloads": _downloads(job, pipeline),
        "caches": [
            {"name": cache.name, "path": cache.path, "key": _text(cache.key)}
            for cache in job.caches
        ],
        "save_caches": f"github.ref == 'refs/heads/{pipeline.default_branch}'",
        "calls": [_call(call, source) for call in job.calls],
        "uploads": [_upload(artifact) for artifact in job.artifacts],
    }


def _runs_on(job: Job) -> str:
    labels = job.runner.labels
    return scalar(labels[0]) if len(labels) == 1 else flow(labels)


def _compiles(job: Job) -> bool:
    """Hosted images bring git and Python; only a compile may miss something."""
    return job.runner.hosted and "cmake" in job.tools


def _condition(job: Job) -> str:
    if job.always:
        return "always()"
    parts = []
    if job.skip_when_unaffected:
        parts.append("needs.changes.outputs.code == 'true'")
    if not job.forks:
        parts.append(f"({_NOT_FORK})" if parts or job.events != frozenset(Event) else _NOT_FORK)
    return " && ".join(parts)


def _environment(job: Job) -> str:
    if not job.approval:
        return ""
    return f"${{{{ ({_FORK}) && '{job.approval}' || '' }}}}"


def _literal(branch: str) -> str:
    """A branch as a filter that matches it alone: of a branch's characters `+` is special."""
    return branch.replace("+", "\\+")


def _row(row: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(key, quoted(value)) for key, value in row.items()]


def _outputs(job: Job, pipeline: Pipeline) -> list[tuple[str, str]]:
    """The outputs of this job that any other job reads."""
    read = {
        value.output: f"${{{{ steps.{value.action}.outputs.{value.output} }}}}"
        for other in pipeline.jobs()
        for call in other.calls
        for value in call.inputs.values()
        if isinstance(value, OutputRef) and value.job == job.id
    }
    return sorted(read.items())


def _downloads(job: Job, pipeline: Pipeline) -> list[dict[str, str]]:
    if job.gate:
        return [{"title": "Fetch the evidence", "pattern": "evidence-*", "path": "evidence"}]
    return [
        {
            "title": f"Fetch {name}",
            "name": name,
            "path": _artifact(pipeline, name).paths[0].rstrip("/"),
        }
        for need in job.needs
        for name in need.artifacts
    ]


def _artifact(pipeline: Pipeline, name: str) -> Artifact:
    for job in pipeline.jobs():
        for artifact in job.artifacts:
            if artifact.name == name:
                return artifact
    raise KeyError(name)


def _upload(artifact: Artifact) -> dict[str, Any]:
    return {
        "name": _text(artifact.name),
        "paths": [_text(path) for path in artifact.paths],
        "days": artifact.retention_days,
        "always": artifact.always,
        "required": not artifact.always,
    }


def _call(call: ActionCall, source: ActionSource) -> dict[str, Any]:
    inputs = {name: _value(value) for name, value in call.inputs.items()}
    return {
        "id": call.id,
        "title": call.title,
        "uses": source.uses(call.action),
        "inputs": [(name, block(value, 12)) for name, value in inputs.items() if value],
    }


def _value(value: Value) -> str:
    if isinstance(value, OutputRef):
        return f"${{{{ needs.{value.job}.outputs.{value.output} }}}}"
    if isinstance(value, MatrixRef):
        return f"${{{{ matrix.{value.key} }}}}"
    if isinstance(value, ForkRef):
        return f"${{{{ {_FORK} }}}}"
    if isinstance(value, NeedsRef):
        return "${{ toJSON(needs) }}"
    if isinstance(value, ResultsRef):
        return "\n".join(value.jobs)
    return _text(value)


def _text(text: str) -> str:
    """A text of the plan in which GitHub evaluates nothing but the matrix row's name."""
    inert = text.replace("${{", "${{ '${{' }}")
    return inert.replace(VARIANT, "${{ matrix.variant }}")
