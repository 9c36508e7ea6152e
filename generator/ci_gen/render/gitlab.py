"""The plan as GitLab CI: .gitlab-ci.yml and one included file a stage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ci_gen.pipeline.model import (
    Cache,
    Engine,
    Event,
    Job,
    MatrixRef,
    OutputRef,
    Pipeline,
    Stage,
    Value,
)
from ci_gen.render.environment import render
from ci_gen.render.gitlab_script import calls, exports, unaffected
from ci_gen.render.gitlab_values import (
    CACHE_POLICY,
    MERGE_REQUEST,
    VARIANT_NAME,
    dollars,
    expression,
    rules,
    text,
    variable,
    variables,
)
from ci_gen.render.header import header
from ci_gen.render.pins import Pins
from ci_gen.render.scalars import quoted
from ci_gen.render.signing import on_gitlab
from ci_gen.render.source import VENDOR_FOLDER, ActionSource
from ci_gen.render.tools import packages

ROOT = ".gitlab-ci.yml"
FOLDER = ".gitlab/ci-gen"

_LAUNCH_PYTHON = ".ci-gen-python"
_LAUNCH_BUILD = ".ci-gen-build"
_LAUNCH_GPU = ".ci-gen-gpu"
_LAUNCH_ENGINE = ".ci-gen-engine"


def files(
    pipeline: Pipeline, source: ActionSource, pins: Pins, renamed: Mapping[str, str]
) -> dict[str, str]:
    """The path and text of each file; `renamed` says which will get another name."""
    names = ["base", *(stage.id for stage in pipeline.stages)]
    if not source.vendored:
        names.append("drift")
    paths = {name: f"{FOLDER}/{name}.yml" for name in names}
    values = {
        "header": header(ROOT, "the pipeline"),
        "pipeline": pipeline,
        "includes": ["/" + renamed.get(path, path) for path in paths.values()],
        "stage_ids": [stage.id for stage in pipeline.stages],
        "workflow_rules": _workflow_rules(pipeline),
        "image": _hosted_image(pipeline) or pins.image("python"),
    }
    texts = {ROOT: render("gitlab/gitlab-ci.yml.j2", values)}
    texts[paths["base"]] = _base(pipeline, source, pins, paths["base"])
    for stage in pipeline.stages:
        path = paths[stage.id]
        view = {"header": header(path, f"stage {stage.id}"), "stage": _stage(stage, pipeline, pins)}
        texts[path] = render(f"gitlab/stages/{stage.id}.yml.j2", view)
    if not source.vendored:
        texts[paths["drift"]] = _drift(pipeline, paths["drift"])
    return texts


def _drift(pipeline: Pipeline, path: str) -> str:
    values = {
        "header": header(path, "the check that the pipeline is up to date"),
        "drift": {"timeout": pipeline.job("changes").timeout_minutes},
        "rules": _change_rules(pipeline),
    }
    return render("gitlab/stages/drift.yml.j2", values)


def _hosted_image(pipeline: Pipeline) -> str:
    return next((job.runner.image for job in pipeline.jobs() if job.runner.hosted), "")


def _base(pipeline: Pipeline, source: ActionSource, pins: Pins, path: str) -> str:
    used = {_extends(job) for job in pipeline.jobs()} | {_LAUNCH_PYTHON}
    kinds = []
    for name, why in (
        (_LAUNCH_PYTHON, "For jobs that compile nothing."),
        (_LAUNCH_BUILD, "For jobs that compile."),
        (_LAUNCH_ENGINE, "For jobs that work with a container engine."),
        (_LAUNCH_GPU, "For jobs on self-hosted runners with a GPU: nothing is installed there."),
    ):
        if name in used:
            job = next(job for job in pipeline.jobs() if _extends(job) == name)
            kinds.append({"id": name, "why": why, **_runner(job, pins)})
    values = {
        "header": header(path, "what all jobs share"),
        "kinds": kinds,
        "vendored": source.vendored,
        "vendor_folder": VENDOR_FOLDER,
        "url": source.url,
        "commit": source.commit,
    }
    return render("gitlab/base.yml.j2", values)


def _runner(job: Job, pins: Pins) -> dict[str, Any]:
    runner = job.runner
    beside = runner.hosted and job.engine is Engine.DIND
    return {
        "tags": runner.tags,
        "image": "" if runner.hosted else runner.image,
        # The default image is for hosted runners; here the runner's own is meant.
        "own_image": not runner.hosted and not runner.image,
        "tools": packages(job.tools) if runner.hosted else [],
        "engine": pins.image("docker-dind") if beside else "",
    }


def _extends(job: Job) -> str:
    if job.runner.gpu:
        return _LAUNCH_GPU
    if job.engine is not Engine.NONE:
        return _LAUNCH_ENGINE
    return _LAUNCH_BUILD if "cmake" in job.tools else _LAUNCH_PYTHON


def _change_rules(pipeline: Pipeline) -> list[dict[str, Any]]:
    """The rules for a change of the code: proposed, or taken into the default branch."""
    found = []
    if pipeline.triggers.pull_request:
        found.append({"title": "Merge requests.", "condition": MERGE_REQUEST, "cancel": True})
    branch = f'$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "{pipeline.default_branch}"'
    found.append({"title": "The default branch.", "condition": branch, "cancel": False})
    return [{**rule, "condition": expression(str(rule["condition"]))} for rule in found]


def _workflow_rules(pipeline: Pipeline) -> list[dict[str, Any]]:
    triggers = pipeline.triggers
    found = [
        {"title": f"Tags {tag}.", "condition": _tag(tag), "cancel": False} for tag in triggers.tags
    ]
    if triggers.manual:
        by_hand = '$CI_PIPELINE_SOURCE == "web"'
        found.append({"title": "By hand.", "condition": by_hand, "cancel": False})
    more = [{**rule, "condition": expression(str(rule["condition"]))} for rule in found]
    return [*_change_rules(pipeline), *more]


def _tag(pattern: str) -> str:
    """GitHub's pattern as GitLab's regular expression: * stops at a slash, ** does not."""
    parts = re.split(r"(\*\*|\*)", pattern)
    wild = {"**": ".*", "*": "[^\\/]*"}
    regex = "".join(wild.get(part, re.escape(part).replace("/", "\\/")) for part in parts)
    return f"$CI_COMMIT_TAG =~ /^{regex}$/"


def _stage(stage: Stage, pipeline: Pipeline, pins: Pins) -> dict[str, Any]:
    return {"why": stage.why, "jobs": [_job(job, pipeline, pins) for job in stage.jobs]}


def _job(job: Job, pipeline: Pipeline, pins: Pins) -> dict[str, Any]:
    return {
        "id": job.id,
        "why": f"{job.title}. {job.why}",
        "extends": _extends(job),
        "stage": job.stage,
        "needs": [_need(job, need.job, need.artifacts, pipeline) for need in job.needs],
        "rules": rules(job, pipeline.default_branch),
        "timeout": job.timeout_minutes,
        "environment": job.approval if job.by_hand else "",
        "matrix": _matrix(job),
        "variables": variables(job, pins),
        "exports": exports(job),
        "unaffected": unaffected(job),
        "calls": calls(job),
        "caches": [_cache(cache) for cache in job.caches],
        "paths": [text(path) for artifact in job.artifacts for path in artifact.paths],
        "days": max((artifact.retention_days for artifact in job.artifacts), default=1),
        "junit": [text(path) for path in job.junit],
        "dotenv": _is_read(job, pipeline),
        "sign": on_gitlab(job.signing, pins) if job.signing else None,
    }


def _cache(cache: Cache) -> dict[str, Any]:
    """One folder. What is not shared is kept apart for protected branches, as is GitLab's way."""
    return {
        "key": text(cache.key),
        "files": [text(path) for path in cache.files],
        "path": cache.path,
        "shared": cache.guarded,
        "policy": f"${CACHE_POLICY}" if cache.guarded else "pull-push",
    }


def _values(job: Job) -> list[Value]:
    return [value for call in job.calls for value in call.inputs.values()]


def _is_read(job: Job, pipeline: Pipeline) -> bool:
    """Whether any job reads an output of this one."""
    if any(other.skip_when_unaffected for other in pipeline.jobs()) and job.id == "changes":
        return True
    return any(
        isinstance(value, OutputRef) and value.job == job.id
        for other in pipeline.jobs()
        for value in _values(other)
    )


def _need(job: Job, needed: str, artifacts: tuple[str, ...], pipeline: Pipeline) -> dict[str, Any]:
    other = pipeline.job(needed)
    return {
        "job": needed,
        "optional": not other.forks or other.events != frozenset(Event),
        "artifacts": bool(artifacts) or needed == "changes",
    }


def _matrix(job: Job) -> list[list[tuple[str, str]]]:
    if job.matrix is None:
        return []
    names = {"variant": VARIANT_NAME}
    for call in job.calls:
        for name, value in call.inputs.items():
            if isinstance(value, MatrixRef) and value.key not in job.matrix.unnamed:
                names[value.key] = variable(call.action, name)
    return [
        [(names[key], quoted(dollars(value))) for key, value in row.items() if key in names]
        for row in job.matrix.rows
    ]
