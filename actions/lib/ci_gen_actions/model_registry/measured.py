"""What evidence says of a model: the figures that gates measured, and what they found. Pure.

A gate tells its figures under `performance` in its findings: `perplexity`, `tokens_per_second`
and `memory_gb`, as numbers. Of several evidence the worst figure counts: the model has to do
with the slowest of the builds that were measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..release.evidence_files import Found
from ..release.record import tests_passed as passed
from .metadata import Performance, Proof, TestsPassed

_WORST: Mapping[str, Callable[[Iterable[float]], float]] = {
    "perplexity": max,
    "tokens_per_second": min,
    "memory_gb": max,
}
_FETCHED = "fetch-model"


def of_model(evidence: Sequence[Found], model: str) -> tuple[Found, ...]:
    """The evidence that counts for a model, given its checksum: all but that of other models."""
    return tuple(each for each in evidence if each.inputs.get("model", model) == model)


def performance(evidence: Sequence[Found]) -> Performance:
    """The figures, None where nobody measured them."""
    found = {name: _figures(evidence, name) for name in _WORST}
    return Performance(
        **{name: _WORST[name](all_) if all_ else None for name, all_ in found.items()}
    )


def tests_passed(evidence: Sequence[Found]) -> TestsPassed:
    """For each kind of gate whether it was passed."""
    found = passed([{"action": each.action, "verdict": each.verdict.value} for each in evidence])
    return TestsPassed(**{kind: found.get(kind) for kind in ("quality", "performance", "security")})


def source(evidence: Sequence[Found]) -> str | None:
    """Where the model was fetched from."""
    for each in evidence:
        told = each.findings.get("source")
        if each.action == _FETCHED and isinstance(told, str) and told:
            return told
    return None


def proofs(evidence: Sequence[Found]) -> tuple[Proof, ...]:
    """The evidence as metadata.json names it."""
    return tuple(
        Proof(stage=each.stage, action=each.action, verdict=each.verdict.value, sha256=each.digest)
        for each in evidence
    )


def _figures(evidence: Sequence[Found], name: str) -> list[float]:
    found = []
    for each in evidence:
        told = each.findings.get("performance")
        value = told.get(name) if isinstance(told, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            found.append(value)
    return [each for each in found if math.isfinite(each)]
