"""Values and conditions of the plan in GitLab's variables and rules.

A run for a fork is a merge request whose source project is not its target project, wherever
the pipeline runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ci_gen.pipeline.model import (
    VARIANT,
    ActionCall,
    Event,
    ForkRef,
    Job,
    JobTokenRef,
    KeptRef,
    OutputRef,
    RegistryPart,
    RegistryRef,
    ResultsRef,
    SecretRef,
    TokenRef,
    ToolRef,
    Value,
)
from ci_gen.render.pins import Pins
from ci_gen.render.scalars import block

MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
VARIANT_NAME = "CI_GEN_VARIANT"
CACHE_POLICY = "CI_GEN_CACHE_POLICY"
_FORK = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID"
_REGISTRY = {
    RegistryPart.REPOSITORY: "$CI_REGISTRY_IMAGE",
    RegistryPart.USERNAME: "$CI_REGISTRY_USER",
    RegistryPart.PASSWORD: "$CI_REGISTRY_PASSWORD",
}


def variable(action: str, option: str) -> str:
    """The environment variable by which an option reaches an action."""
    return f"CI_GEN_{action}_{option}".upper().replace("-", "_")


def rules(job: Job, default_branch: str) -> list[dict[str, Any]]:
    """The job's rules; none where success of what it needs is enough."""
    found: list[dict[str, Any]] = []
    if Event.PULL_REQUEST not in job.events:
        found.append(_rule("Not before the merge.", MERGE_REQUEST, "never"))
    elif any(isinstance(value, ForkRef) for value in _values(job)):
        names = [(name, '"true"') for name in _fork_variables(job)]
        when = "always" if job.always else ""
        found.append({**_rule("A fork's.", _FORK, when), "variables": names})
    elif not job.forks:
        found.append(_rule("Never for a fork.", _FORK, "never"))
    elif job.approval:
        found.append(_rule("A fork's waits until a person starts it.", _FORK, "manual"))
    if any(cache.guarded for cache in job.caches):
        title, branch = "The default branch keeps what it found.", f'"{default_branch}"'
        writes = [(CACHE_POLICY, "pull-push")]
        found.append({**_rule(title, f"$CI_COMMIT_BRANCH == {branch}", ""), "variables": writes})
    if job.by_hand:
        # Not a failure where nobody does: the pipeline is done without it.
        waits = _rule("Waits until a person starts it.", "", "manual")
        found.append({**waits, "optional": True})
    elif job.always:
        found.append(_rule("Whatever became of the others.", "", "always"))
    elif found:
        found.append(_rule("Everything else.", "", "on_success"))
    return found


def _rule(title: str, condition: str, when: str) -> dict[str, Any]:
    shown = expression(condition) if condition else ""
    return {"title": title, "condition": shown, "when": when, "variables": [], "optional": False}


def expression(text_: str) -> str:
    """A rule's condition as a scalar; plain where YAML allows it, for the reader's sake."""
    return text_ if re.fullmatch(r"[$A-Za-z][^:#'\\{}\[\]]*", text_) else f"'{text_}'"


def _values(job: Job) -> list[Value]:
    return [value for call in job.calls for value in call.inputs.values()]


def _fork_variables(job: Job) -> list[str]:
    return [
        variable(call.action, name)
        for call in job.calls
        for name, value in call.inputs.items()
        if isinstance(value, ForkRef)
    ]


def repeated(job: Job) -> dict[str, ActionCall]:
    """The calls of an action that an earlier call of the job uses: id -> that earlier call.

    GitLab's variables are of a whole job. What such a call has otherwise than the first goes into
    variables of its own, and reaches the action by flags.
    """
    first: dict[str, ActionCall] = {}
    found = {}
    for call in job.calls:
        if call.action in first:
            found[call.id] = first[call.action]
        first.setdefault(call.action, call)
    return found


def given(job: Job) -> Iterator[tuple[ActionCall, str, str, Value]]:
    """Every input that is a variable of its own: call, name, variable, value."""
    again = repeated(job)
    for call in job.calls:
        before = again.get(call.id)
        for name, value in call.inputs.items():
            if before is None:
                yield call, name, variable(call.action, name), value
            elif before.inputs.get(name, "") != value:
                yield call, name, variable(call.id, name), value


def variables(job: Job, pins: Pins) -> list[tuple[str, str]]:
    """The inputs known beforehand; `parallel:matrix`, rules and exports give the others."""
    texts = ((name, _known(value, pins)) for _, _, name, value in given(job))
    found = [(name, block(text_, 6)) for name, text_ in texts if text_]
    if any(cache.guarded for cache in job.caches):
        found.insert(0, (CACHE_POLICY, "pull"))
    # GitLab's word for the whole history; commits alone are fetched by the action that asks.
    whole = job.fetch_depth == 0 and not job.commits_only
    return [("GIT_DEPTH", '"0"'), *found] if whole else found


def _known(value: Value, pins: Pins) -> str:
    if isinstance(value, ResultsRef):
        return "\n".join(value.evidence)
    if isinstance(value, ToolRef):
        return "\n".join(pins.tool(value.name))
    if isinstance(value, KeptRef):
        return text(value.path)
    return text(value) if isinstance(value, str) else ""


def exported(value: Value) -> str:
    """What stands between a shell's double quotes for such a value, "" for any other."""
    if isinstance(value, OutputRef):
        return "$" + f"{value.action}_{value.output}".upper().replace("-", "_")
    if isinstance(value, JobTokenRef):
        return "$CI_JOB_TOKEN"
    if isinstance(value, SecretRef | TokenRef):
        # An empty text where it is not there: a shell may stop at unset variables.
        return "${" + f"{value.name}:-" + "}"
    # Another registry is not told the platform's token.
    if isinstance(value, RegistryRef) and not value.repository:
        folder = f"/{value.service}" if value.part is RegistryPart.REPOSITORY else ""
        return _REGISTRY[value.part] + folder
    return ""


def text(plain: str) -> str:
    """A text of the plan in which GitLab expands nothing but the matrix row's name."""
    return dollars(plain).replace(VARIANT, f"${VARIANT_NAME}")


def dollars(plain: str) -> str:
    """A text in which GitLab expands nothing."""
    return plain.replace("$", "$$")
