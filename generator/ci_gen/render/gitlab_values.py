"""Values and conditions of the plan in GitLab's variables and rules.

A run for a fork is a merge request whose source project is not its target project, wherever
the pipeline runs.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from ci_gen.pipeline.model import (
    VARIANT,
    Event,
    ForkRef,
    Job,
    Matrix,
    MatrixRef,
    OutputRef,
    RegistryPart,
    RegistryRef,
    ResultsRef,
    SecretRef,
    ToolRef,
    Value,
)
from ci_gen.render.pins import Pins
from ci_gen.render.scalars import block

MERGE_REQUEST = '$CI_PIPELINE_SOURCE == "merge_request_event"'
VARIANT_NAME = "CI_GEN_VARIANT"
_FORK = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID"
_REGISTRY = {
    RegistryPart.REPOSITORY: "$CI_REGISTRY_IMAGE",
    RegistryPart.USERNAME: "$CI_REGISTRY_USER",
    RegistryPart.PASSWORD: "$CI_REGISTRY_PASSWORD",
}


def variable(action: str, option: str) -> str:
    """The environment variable by which an option reaches an action."""
    return f"CI_GEN_{action}_{option}".upper().replace("-", "_")


def rules(job: Job) -> list[dict[str, Any]]:
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
    if job.always:
        found.append(_rule("Whatever became of the others.", "", "always"))
    elif found:
        found.append(_rule("Everything else.", "", "on_success"))
    return found


def _rule(title: str, condition: str, when: str) -> dict[str, Any]:
    shown = expression(condition) if condition else ""
    return {"title": title, "condition": shown, "when": when, "variables": []}


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


def variables(job: Job, pins: Pins) -> list[tuple[str, str]]:
    """The inputs known beforehand; `parallel:matrix`, rules and exports give the others."""
    texts = (
        (variable(call.action, name), _known(value, pins))
        for call in job.calls
        for name, value in call.inputs.items()
    )
    found = [(name, block(text_, 6)) for name, text_ in texts if text_]
    # GitLab's word for the whole history; commits alone are fetched by the action that asks.
    whole = job.fetch_depth == 0 and not job.commits_only
    return [("GIT_DEPTH", '"0"'), *found] if whole else found


def _known(value: Value, pins: Pins) -> str:
    if isinstance(value, ResultsRef):
        return "\n".join(value.evidence)
    if isinstance(value, ToolRef):
        return "\n".join(pins.tool(value.name))
    return text(value) if isinstance(value, str) else ""


def exports(job: Job) -> list[str]:
    """Values that a shell passes on: dotenv variables and the platform's own, which `variables:`
    cannot read or would expand once more."""
    lines = []
    for call in job.calls:
        for name, value in call.inputs.items():
            read = exported(value)
            if read:
                lines.append(f'export {variable(call.action, name)}="{read}"')
            if isinstance(value, MatrixRef) and job.matrix and value.key in job.matrix.unnamed:
                lines.append(_by_row(variable(call.action, name), job.matrix, value.key))
    return lines


def _by_row(name: str, matrix: Matrix, key: str) -> str:
    """An input that the present row of the matrix decides and that its name must not hold."""
    cases = []
    for row in matrix.rows:
        texts = " ".join(map(shlex.quote, row[key].split("\n")))
        cases.append(f"{row['variant']}) {name}=\"$(printf '%s\\n' {texts})\" ;;")
    return f'case "${VARIANT_NAME}" in {" ".join(cases)} esac; export {name}'


def exported(value: Value) -> str:
    """What stands between a shell's double quotes for such a value, "" for any other."""
    if isinstance(value, OutputRef):
        return "$" + f"{value.action}_{value.output}".upper().replace("-", "_")
    if isinstance(value, SecretRef):
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
