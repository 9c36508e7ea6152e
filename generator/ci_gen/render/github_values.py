"""Values and conditions of the plan in GitHub's expressions."""

from __future__ import annotations

from ci_gen.pipeline.model import (
    VARIANT,
    Access,
    Event,
    ForkRef,
    Job,
    JobTokenRef,
    KeptRef,
    MatrixRef,
    NeedsRef,
    OutputRef,
    RegistryPart,
    RegistryRef,
    ResultsRef,
    SecretRef,
    StepRef,
    TokenRef,
    ToolRef,
    Value,
)
from ci_gen.render.pins import Pins

REGISTRY = "ghcr.io"
FORK = (
    "github.event_name == 'pull_request' && "
    "github.event.pull_request.head.repo.full_name != github.repository"
)
_NOT_FORK = (
    "github.event_name != 'pull_request' || "
    "github.event.pull_request.head.repo.full_name == github.repository"
)
_MERGED = "github.event_name != 'pull_request'"

# The only event that jobs leave out; the action gate knows of no other.
_LEFT_OUT = {Event.PULL_REQUEST: _MERGED}
_PERMISSIONS = {
    Access.PUSH_IMAGES: "packages: write",
    Access.PROVE_IDENTITY: "id-token: write",
    Access.ATTEST: "attestations: write",
}


def condition(job: Job) -> str:
    """The job's `if:`, "" where success of what it needs is enough."""
    if job.always:
        return "always()"
    parts = [_affected(job)] if job.skip_when_unaffected else []
    left_out = [event for event in Event if event not in job.events]
    parts += [_LEFT_OUT[event] for event in left_out]
    if not job.forks and Event.PULL_REQUEST not in left_out:
        parts.append(f"({_NOT_FORK})" if parts else _NOT_FORK)
    return " && ".join(parts)


def _affected(job: Job) -> str:
    """Whether a change can affect the job. Where it affects code, it affects all parts."""
    if not job.areas:
        return "needs.changes.outputs.code == 'true'"
    asked = [f"contains(needs.changes.outputs.areas, ',{area},')" for area in job.areas]
    return asked[0] if len(asked) == 1 else f"({' || '.join(asked)})"


def permissions(job: Job) -> list[tuple[str, str]]:
    """What the job's token may do, each with the reason."""
    writing = [each for each in job.grants if each.access is Access.WRITE_BRANCHES]
    found = [("contents: read", "to check out the sources")]
    if writing:
        found = [("contents: write", f"to check out the sources, and {writing[0].why}")]
    for grant in job.grants:
        if grant in writing:
            continue
        if grant.access is not Access.PUSH_IMAGES or _own_registry(job):
            found.append((_PERMISSIONS[grant.access], grant.why))
    return found


def _own_registry(job: Job) -> bool:
    """Whether the job logs in to GitHub's registry."""
    return any(
        isinstance(each, RegistryRef) and each.part is RegistryPart.PASSWORD and is_own(each)
        for call in job.calls
        for each in call.inputs.values()
    )


def is_own(reference: RegistryRef) -> bool:
    """Whether the image goes to GitHub's registry: no other is told GitHub's token."""
    return not reference.repository or reference.repository.startswith(f"{REGISTRY}/")


def value(given: Value, pins: Pins) -> str:
    """An input as GitHub's expressions write it."""
    if isinstance(given, str):
        return text(given)
    if isinstance(given, RegistryRef):
        return _registry(given)
    if isinstance(given, KeptRef):
        return text(given.path)
    if isinstance(given, ToolRef):
        return "\n".join(pins.tool(given.name))
    return _reference(given)


def _reference(
    given: OutputRef
    | MatrixRef
    | ForkRef
    | NeedsRef
    | ResultsRef
    | SecretRef
    | TokenRef
    | JobTokenRef
    | StepRef,
) -> str:
    if isinstance(given, OutputRef):
        return f"${{{{ needs.{given.job}.outputs.{given.output} }}}}"
    if isinstance(given, MatrixRef):
        return f"${{{{ matrix.{given.key} }}}}"
    if isinstance(given, ForkRef):
        return f"${{{{ {FORK} }}}}"
    if isinstance(given, NeedsRef):
        return "${{ toJSON(needs) }}"
    if isinstance(given, SecretRef):
        return f"${{{{ {_MERGED} && secrets.{given.name} || '' }}}}"
    if isinstance(given, TokenRef):
        return f"${{{{ ({_NOT_FORK}) && secrets.{given.name} || '' }}}}"
    if isinstance(given, JobTokenRef):
        return "${{ secrets.GITHUB_TOKEN }}"
    if isinstance(given, StepRef):
        return f"${{{{ steps.{given.call}.outputs.{given.output} }}}}"
    return "\n".join(given.jobs)


def _registry(given: RegistryRef) -> str:
    if not is_own(given):
        return ""
    return {
        RegistryPart.REPOSITORY: f"{REGISTRY}/${{{{ github.repository }}}}/{given.service}",
        RegistryPart.USERNAME: "${{ github.actor }}",
        RegistryPart.PASSWORD: "${{ secrets.GITHUB_TOKEN }}",
    }[given.part]


def text(plain: str) -> str:
    """A text of the plan in which GitHub evaluates nothing but the matrix row's name."""
    inert = plain.replace("${{", "${{ '${{' }}")
    return inert.replace(VARIANT, "${{ matrix.variant }}")
