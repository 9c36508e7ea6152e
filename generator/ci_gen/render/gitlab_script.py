"""What a GitLab job runs: whether it is needed, its actions, values that a shell passes on.

No text of a user stands in these lines: a shell expands variables between double quotes alone.
"""

from __future__ import annotations

import shlex
from typing import Any

from ci_gen.pipeline.model import ActionCall, Job, Matrix, MatrixRef, StepRef
from ci_gen.render.gitlab_values import VARIANT_NAME, exported, given, repeated

_DOTENV = "ci-gen.env"
_SKIPS = 'echo "ci-gen skips this job, no change can affect it"; exit 0'


def unaffected(job: Job) -> str:
    """The line that ends a job which no change can affect, "" where each can.

    Rules cannot read what a job measured. Where nothing was measured the job runs.
    """
    if not job.skip_when_unaffected:
        return ""
    if not job.areas:
        return f'if [ "$CHANGES_CODE" = "false" ]; then {_SKIPS}; fi'
    own = "|".join(f"false:*,{area},*" for area in job.areas)
    return f'case "$CHANGES_CODE:$CHANGES_AREAS" in {own}) ;; false:*) {_SKIPS} ;; esac'


def exports(job: Job) -> list[str]:
    """Values that a shell passes on: dotenv variables and the platform's own, which `variables:`
    cannot read or would expand once more."""
    lines = []
    for _, _, name, value in given(job):
        read = exported(value)
        if read:
            lines.append(f'export {name}="{read}"')
        if isinstance(value, MatrixRef) and job.matrix and value.key in job.matrix.unnamed:
            lines.append(_by_row(name, job.matrix, value.key))
    return lines


def calls(job: Job) -> list[dict[str, Any]]:
    """The calls in order: the launcher's arguments, and what is passed on after each."""
    again = repeated(job)
    return [
        {
            "action": call.action,
            "command": " ".join([call.action, *_flags(job, call, again.get(call.id))]),
            "after": _handed_on(job, call),
        }
        for call in job.calls
    ]


def _flags(job: Job, call: ActionCall, before: ActionCall | None) -> list[str]:
    """What a further call of an action has otherwise than the first, secrets never among it."""
    if before is None:
        return []
    own = [f'--{name}="${name_}"' for each, name, name_, _ in given(job) if each is call]
    absent = [name for name, value in before.inputs.items() if value and name not in call.inputs]
    return [*own, *(f"--{name}=" for name in absent)]


def _handed_on(job: Job, call: ActionCall) -> list[str]:
    """Outputs of the call that later ones read; a later call of the same action replaces them."""
    return [
        f"{name}=\"$(sed -n 's/^{_output(value)}=//p' {_DOTENV})\"; export {name}"
        for _, _, name, value in given(job)
        if isinstance(value, StepRef) and value.call == call.id
    ]


def _output(value: StepRef) -> str:
    return f"{value.action}_{value.output}".upper().replace("-", "_")


def _by_row(name: str, matrix: Matrix, key: str) -> str:
    """An input that the present row of the matrix decides and that its name must not hold."""
    cases = []
    for row in matrix.rows:
        texts = " ".join(map(shlex.quote, row[key].split("\n")))
        cases.append(f"{row['variant']}) {name}=\"$(printf '%s\\n' {texts})\" ;;")
    return f'case "${VARIANT_NAME}" in {" ".join(cases)} esac; export {name}'
