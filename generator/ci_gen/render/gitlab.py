"""The plan as GitLab CI: .gitlab-ci.yml and one included file a stage.

GitLab's words for the plan's: a run for a fork is a merge request whose source project is
not its target project, wherever the pipeline runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ci_gen.pipeline.model import (
    VARIANT,
    Event,
    ForkRef,
    Job,
    MatrixRef,
    OutputRef,
    Pipeline,
    ResultsRef,
    Runner,
    Stage,
    Value,
)
from ci_gen.render.environment import render
from ci_gen.render.header import header
from ci_gen.render.pins import Pins
from ci_gen.render.scalars import block, quoted
from ci_gen.render.source import VENDOR_FOLDER, ActionSource
from ci_gen.render.tools import packages

ROOT = ".gitlab-ci.yml"
FOLDER = ".gitlab/ci-gen"

_MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_FORK = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID"
_VARIANT = "CI_GEN_VARIANT"
_LAUNCH_PYTHON = ".ci-gen-python"
_LAUNCH_BUILD = ".ci-gen-build"
_LAUNCH_GPU = ".ci-gen-gpu"


def variable(action: str, option: str) -> str:
    """The environment variable by which an option reaches an action."""
    return f"CI_GEN_{action}_{option}".upper().replace("-", "_")


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
    texts[paths["base"]] = _base(pipeline, source, paths["base"])
    for stage in pipeline.stages:
        path = paths[stage.id]
        view = {"header": header(path, f"stage {stage.id}"), "stage": _stage(stage, pipeline)}
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


def _base(pipeline: Pipeline, source: ActionSource, path: str) -> str:
    used = {_extends(job) for job in pipeline.jobs()} | {_LAUNCH_PYTHON}
    kinds = []
    for name, why in (
        (_LAUNCH_PYTHON, "For jobs that compile nothing."),
        (_LAUNCH_BUILD, "For jobs that compile."),
        (_LAUNCH_GPU, "For jobs on self-hosted runners with a GPU: nothing is installed there."),
    ):
        if name in used:
            job = next(job for job in pipeline.jobs() if _extends(job) == name)
            kinds.append({"id": name, "why": why, **_runner(job.runner, job.tools)})
    values = {
        "header": header(path, "what all jobs share"),
        "kinds": kinds,
        "vendored": source.vendored,
        "vendor_folder": VENDOR_FOLDER,
        "url": source.url,
        "commit": source.commit,
    }
    return render("gitlab/base.yml.j2", values)


def _runner(runner: Runner, tools: tuple[str, ...]) -> dict[str, Any]:
    return {
        "tags": runner.tags,
        "image": "" if runner.hosted else runner.image,
        # The default image is for hosted runners; here the runner's own is meant.
        "own_image": not runner.hosted and not runner.image,
        "tools": packages(tools) if runner.hosted else [],
    }


def _extends(job: Job) -> str:
    if job.runner.gpu:
        return _LAUNCH_GPU
    return _LAUNCH_BUILD if "cmake" in job.tools else _LAUNCH_PYTHON


def _change_rules(pipeline: Pipeline) -> list[dict[str, Any]]:
    """The rules for a change of the code: proposed, or taken into the default branch."""
    rules = []
    if pipeline.triggers.pull_request:
        rules.append({"title": "Merge requests.", "condition": _MERGE_REQUEST, "cancel": True})
    branch = f'$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "{pipeline.default_branch}"'
    rules.append({"title": "The default branch.", "condition": branch, "cancel": False})
    return [{**rule, "condition": _condition(str(rule["condition"]))} for rule in rules]


def _workflow_rules(pipeline: Pipeline) -> list[dict[str, Any]]:
    triggers = pipeline.triggers
    rules = [
        {"title": f"Tags {tag}.", "condition": _tag(tag), "cancel": False} for tag in triggers.tags
    ]
    if triggers.manual:
        by_hand = '$CI_PIPELINE_SOURCE == "web"'
        rules.append({"title": "By hand.", "condition": by_hand, "cancel": False})
    more = [{**rule, "condition": _condition(str(rule["condition"]))} for rule in rules]
    return [*_change_rules(pipeline), *more]


def _tag(pattern: str) -> str:
    """GitHub's pattern as GitLab's regular expression: * stops at a slash, ** does not."""
    parts = re.split(r"(\*\*|\*)", pattern)
    wild = {"**": ".*", "*": "[^\\/]*"}
    regex = "".join(wild.get(part, re.escape(part).replace("/", "\\/")) for part in parts)
    return f"$CI_COMMIT_TAG =~ /^{regex}$/"


def _condition(text: str) -> str:
    """A rule's condition as a scalar; plain where YAML allows it, for the reader's sake."""
    return text if re.fullmatch(r"[$A-Za-z][^:#'\\{}\[\]]*", text) else f"'{text}'"


def _stage(stage: Stage, pipeline: Pipeline) -> dict[str, Any]:
    return {"why": stage.why, "jobs": [_job(job, pipeline) for job in stage.jobs]}


def _job(job: Job, pipeline: Pipeline) -> dict[str, Any]:
    sources = {value for value in _values(job) if isinstance(value, OutputRef)}
    return {
        "id": job.id,
        "why": f"{job.title}. {job.why}",
        "extends": _extends(job),
        "stage": job.stage,
        "needs": [_need(job, need.job, need.artifacts, pipeline) for need in job.needs],
        "rules": _rules(job),
        "timeout": job.timeout_minutes,
        "environment": "",
        "matrix": _matrix(job),
        "variables": _variables(job),
        "exports": _exports(job, sources),
        "unaffected": job.skip_when_unaffected,
        "calls": [call.action for call in job.calls],
        "caches": [
            {"key": _text(cache.key), "path": cache.path, "policy": "pull-push"}
            for cache in job.caches
        ],
        "paths": [_text(path) for artifact in job.artifacts for path in artifact.paths],
        "days": max((artifact.retention_days for artifact in job.artifacts), default=1),
        "junit": [_text(path) for path in job.junit],
        "dotenv": _is_read(job, pipeline),
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


def _rules(job: Job) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    if any(isinstance(value, ForkRef) for value in _values(job)):
        names = [(name, '"true"') for name in _fork_variables(job)]
        when = "always" if job.always else ""
        rules.append(
            {"title": "A fork's.", "condition": _condition(_FORK), "when": when, "variables": names}
        )
    elif not job.forks:
        rules.append(_rule("Never for a fork.", _FORK, "never"))
    elif job.approval:
        rules.append(_rule("A fork's waits until a person starts it.", _FORK, "manual"))
    if job.always:
        rules.append(_rule("Whatever became of the others.", "", "always"))
    elif rules:
        rules.append(_rule("Everything else.", "", "on_success"))
    return rules


def _rule(title: str, condition: str, when: str) -> dict[str, Any]:
    shown = _condition(condition) if condition else ""
    return {"title": title, "condition": shown, "when": when, "variables": []}


def _fork_variables(job: Job) -> list[str]:
    return [
        variable(call.action, name)
        for call in job.calls
        for name, value in call.inputs.items()
        if isinstance(value, ForkRef)
    ]


def _matrix(job: Job) -> list[list[tuple[str, str]]]:
    if job.matrix is None:
        return []
    names = {"variant": _VARIANT}
    for call in job.calls:
        for name, value in call.inputs.items():
            if isinstance(value, MatrixRef):
                names[value.key] = variable(call.action, name)
    return [
        [(names[key], quoted(_dollars(value))) for key, value in row.items() if key in names]
        for row in job.matrix.rows
    ]


def _variables(job: Job) -> list[tuple[str, str]]:
    """The inputs known beforehand; `parallel:matrix`, rules and exports give the others."""
    texts = (
        (variable(call.action, name), _known(value))
        for call in job.calls
        for name, value in call.inputs.items()
    )
    return [(name, block(text, 6)) for name, text in texts if text]


def _known(value: Value) -> str:
    if isinstance(value, ResultsRef):
        return "\n".join(value.evidence)
    return _text(value) if isinstance(value, str) else ""


def _exports(job: Job, sources: set[OutputRef]) -> list[str]:
    """Outputs of other jobs arrive as dotenv variables, which `variables:` cannot read."""
    lines = []
    for call in job.calls:
        for name, value in call.inputs.items():
            if isinstance(value, OutputRef) and value in sources:
                read = f"{value.action}_{value.output}".upper().replace("-", "_")
                lines.append(f'export {variable(call.action, name)}="${read}"')
    return lines


def _text(text: str) -> str:
    """A text of the plan in which GitLab expands nothing but the matrix row's name."""
    return _dollars(text).replace(VARIANT, f"${_VARIANT}")


def _dollars(text: str) -> str:
    return text.replace("$", "$$")
