"""The plan as GitHub Actions workflows. Every decision is made here or in the plan."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ci_gen.pipeline.model import (
    VARIANT,
    ActionCall,
    Artifact,
    Cache,
    Job,
    OutputRef,
    Pipeline,
    Stage,
)
from ci_gen.render.environment import render
from ci_gen.render.github_values import FORK, condition, permissions, text, value
from ci_gen.render.header import header
from ci_gen.render.pins import Pins
from ci_gen.render.scalars import block, flow, quoted, scalar
from ci_gen.render.signing import on_github
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


def workflows(pipeline: Pipeline, source: ActionSource, pins: Pins) -> dict[str, str]:
    """The path and text of each workflow."""
    values = {
        "branch": _literal(pipeline.default_branch),
        "header": header(CI, "the pipeline"),
        "pin": pins.action,
        "uses": source.uses,
        "stages": [_stage(stage, pipeline, source, pins) for stage in pipeline.stages],
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


def _stage(stage: Stage, pipeline: Pipeline, source: ActionSource, pins: Pins) -> dict[str, Any]:
    return {
        "id": stage.id,
        "title": stage.title,
        "why": stage.why,
        "jobs": [_job(job, pipeline, source, pins) for job in stage.jobs],
    }


def _job(job: Job, pipeline: Pipeline, source: ActionSource, pins: Pins) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": f"{job.id} (${{{{ matrix.variant }}}})" if job.matrix else job.id,
        "why": f"{job.title}. {job.why}",
        "needs": [need.job for need in job.needs],
        "condition": condition(job),
        "permissions": permissions(job),
        "runs_on": _runs_on(job),
        "timeout": job.timeout_minutes,
        "environment": _environment(job),
        "matrix": [_row(row) for row in job.matrix.rows] if job.matrix else [],
        "outputs": _outputs(job, pipeline),
        "full_history": job.fetch_depth == 0,
        "commits_only": job.commits_only,
        "large_files": job.large_files,
        "submodules": job.submodules,
        "tools": packages(job.tools) if _compiles(job) else [],
        "downloads": _downloads(job, pipeline),
        "caches": [_cache(cache, pipeline) for cache in job.caches],
        "emulated": job.emulated,
        "calls": [_call(call, source, pins) for call in job.calls],
        "sign": on_github(job.signing, pins) if job.signing else None,
        "uploads": [_upload(artifact) for artifact in job.artifacts],
    }


def _cache(cache: Cache, pipeline: Pipeline) -> dict[str, str]:
    """One folder: it is saved by the default branch alone, an exact one only where it is new."""
    own, save = text(cache.key), f"github.ref == 'refs/heads/{pipeline.default_branch}'"
    if not cache.exact:
        key = f"{own}.${{{{ github.sha }}}}"
        return {**_names(cache), "id": "", "key": key, "prefix": f"{own}.", "save": save}
    step = f"cache-{cache.name}"
    files = ", ".join(_pattern(path) for path in cache.files)
    key = f"{own}-${{{{ hashFiles({files}) }}}}" if files else own
    save += f" && steps.{step}.outputs.cache-hit != 'true'"
    return {**_names(cache), "id": step, "key": key, "prefix": "", "save": save}


def _names(cache: Cache) -> dict[str, str]:
    return {"what": cache.what, "path": cache.path}


def _pattern(path: str) -> str:
    """A path as a text of an expression that is a pattern of this very path."""
    return "'" + path.replace("[", "[[]").replace("'", "''") + "'"


def _runs_on(job: Job) -> str:
    labels = job.runner.labels
    return scalar(labels[0]) if len(labels) == 1 else flow(labels)


def _compiles(job: Job) -> bool:
    """Hosted images bring git and Python; only a compile may miss something."""
    return job.runner.hosted and "cmake" in job.tools


def _environment(job: Job) -> str:
    if not job.approval or job.by_hand:
        return job.approval
    return f"${{{{ ({FORK}) && '{job.approval}' || '' }}}}"


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
    found = []
    if job.all_evidence:
        found.append({"title": "Fetch the evidence", "pattern": "evidence-*", "path": "evidence"})
    for need in job.needs:
        for name in need.artifacts:
            if not (job.all_evidence and name.startswith("evidence-")):
                found += _fetched(job, pipeline.job(need.job), _artifact(pipeline, name))
    return found


def _fetched(job: Job, other: Job, artifact: Artifact) -> list[dict[str, str]]:
    """One download of the artifact, or one a row where this job has no matrix of its own."""
    folder = posixpath.dirname(artifact.paths[0])
    names = [(artifact.name, folder)]
    if job.matrix is None:
        rows = (row.get("variant", "") for row in other.rows)
        names = [(artifact.name.replace(VARIANT, r), folder.replace(VARIANT, r)) for r in rows]
    return [
        {"title": text(f"Fetch {name}"), "name": text(name), "path": text(place)}
        for name, place in names
    ]


def _artifact(pipeline: Pipeline, name: str) -> Artifact:
    for job in pipeline.jobs():
        for artifact in job.artifacts:
            if artifact.name == name:
                return artifact
    raise KeyError(name)


def _upload(artifact: Artifact) -> dict[str, Any]:
    return {
        "name": text(artifact.name),
        "paths": [text(path) for path in artifact.paths],
        "days": artifact.retention_days,
        "always": artifact.always,
        "required": not artifact.always,
    }


def _call(call: ActionCall, source: ActionSource, pins: Pins) -> dict[str, Any]:
    inputs = {name: value(given, pins) for name, given in call.inputs.items()}
    return {
        "id": call.id,
        "title": call.title,
        "uses": source.uses(call.action),
        "inputs": [(name, block(given, 12)) for name, given in inputs.items() if given],
    }
