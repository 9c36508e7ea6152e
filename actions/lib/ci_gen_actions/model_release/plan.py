"""Whether a model may be released, by the evidence about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.dialect import Event
from ..core.errors import UsageError
from ..core.result import Verdict, worst
from ..model_registry.measured import of_model, tests_passed
from ..release.evidence_files import Found
from .options import Options


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the evidence allows. `reasons` say why the verdict is no PASS, a sentence each.

    `counted` is the evidence that was looked at for it.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    counted: tuple[Found, ...]


def decide(options: Options, evidence: Sequence[Found], model: str) -> Decision:
    """The verdict on the model with the checksum `model`.

    What names this model must be PASS; what is required must be there and be about it; each
    kind of gate that is demanded must have ended with PASS.
    """
    own = of_model(evidence, model)
    about = [each for each in own if each.inputs.get("model") == model]
    required = [each for each in own if each.stage in options.require]
    counted = {each.stage: each for each in (*about, *required)}
    reasons = [_bad(each) for each in counted.values() if each.verdict is not Verdict.PASS]
    verdicts = [each.verdict for each in counted.values()]
    for reason, verdict in (*_missing(options, evidence, model), *_failed_kinds(options, own)):
        # Where a gate could not decide, that is the verdict, and not that nothing was measured.
        told = verdict is Verdict.NO_DATA and bool(reasons)
        reasons.append(reason)
        verdicts.append(Verdict.INCONCLUSIVE if told else verdict)
    return Decision(
        # Without any demand there is nothing that speaks against a publication.
        verdict=worst(verdicts) if verdicts else Verdict.PASS,
        reasons=tuple(dict.fromkeys(reasons)),
        counted=tuple(counted[stage] for stage in sorted(counted)),
    )


def measured_anything(decision: Decision, options: Options) -> bool:
    """Whether there is any ground for a promotion that nobody looks at."""
    return bool(decision.counted) or demanded(options) != ()


def demanded(options: Options) -> tuple[str, ...]:
    """The kinds of gates that are demanded."""
    return tuple(each for each in options.tests if each != "none")


def publishing(options: Options, event: Event, platform: str) -> tuple[bool, str]:
    """Whether to publish, and why not. Raises UsageError for half a login."""
    if options.publish == "never":
        return False, "the input publish says never"
    if options.publish == "auto" and platform == "terminal":
        return False, "this is no CI; the input publish can say always"
    if options.publish == "auto" and event.unmerged:
        return False, "the change is not merged"
    if bool(options.username) != bool(options.password):
        lacking = "password" if options.username else "username"
        raise UsageError(
            f"the input {lacking} is empty",
            where=f"input {lacking}",
            why="a login needs both",
            next="see that the secret is set and that this run may read it",
        )
    return True, ""


def _bad(found: Found) -> str:
    return f"{found.stage} is {found.verdict.value}"


def _missing(
    options: Options, evidence: Sequence[Found], model: str
) -> Iterable[tuple[str, Verdict]]:
    by_stage = {each.stage: each for each in evidence}
    for name in options.require:
        found = by_stage.get(name)
        if found is None:
            yield f"the required evidence {name} is missing", Verdict.NO_DATA
        elif found.inputs.get("model", model) != model:
            other = found.inputs["model"]
            yield f"the required evidence {name} is about another model, {other}", Verdict.NO_DATA


def _failed_kinds(options: Options, own: Sequence[Found]) -> Iterable[tuple[str, Verdict]]:
    passed = tests_passed(own)
    for kind in demanded(options):
        found = getattr(passed, kind)
        if found is None:
            yield f"no gate of {kind} has passed this model", Verdict.NO_DATA
        elif not found:
            yield f"a gate of {kind} has failed", Verdict.FAIL
