"""A comparison as evidence: what was looked at, by digest, and what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..core.evidence import Findings
from .finding import Comparison, Finding
from .measurement import Measurement
from .registry_report import performance

IDS = 50
"""How many ids of flipped questions the evidence holds; counts tell of all."""


def evidence(
    found: Comparison,
    current: Measurement,
    baseline: Measurement | None,
    *,
    service: str,
    on_inconclusive: str,
    tools: Mapping[str, str],
    stored: str = "",
) -> Findings:
    """The evidence. `stored` is the digest of a stored baseline's file, "" for none."""
    return Findings(
        service=service,
        inputs=_inputs(current, baseline, stored),
        findings={
            "sets": [_told(each) for each in found.findings],
            "reasons": list(found.reasons),
            "alpha": found.alpha,
            "alpha-of-one": found.share,
            "baseline": found.baseline,
            "on-inconclusive": on_inconclusive,
            "performance": performance(current),
            "conditions": _conditions(current),
            "subject": _subject(current),
            "baseline-subject": _subject(baseline) if baseline else {},
        },
        tools=dict(tools),
    )


def _inputs(current: Measurement, baseline: Measurement | None, stored: str) -> dict[str, str]:
    named = {
        "package": current.subject.package,
        "model": current.subject.model,
        "chat-template": current.subject.template,
        **current.digests,
        "baseline": stored,
        "baseline-package": baseline.subject.package if baseline else "",
        "baseline-model": baseline.subject.model if baseline else "",
    }
    return {name: digest for name, digest in named.items() if digest}


def _told(each: Finding) -> dict[str, Any]:
    numbers = {
        "value": each.value,
        "base": each.base,
        "change": each.change,
        "low": each.low,
        "high": each.high,
        "tolerance": each.tolerance,
        "detectable": each.detectable,
        "chance": each.chance,
    }
    known = {name: number for name, number in numbers.items() if _is_finite(number)}
    flips: dict[str, Any] = {}
    if each.lost or each.gained:
        flips = {
            "lost": list(each.lost[:IDS]),
            "lost-total": len(each.lost),
            "gained": list(each.gained[:IDS]),
            "gained-total": len(each.gained),
        }
    return {
        "kind": each.kind.value,
        "name": each.name,
        "state": each.state.value,
        "why": each.why,
        "size": each.size,
        **known,
        **flips,
    }


def _is_finite(number: float | None) -> bool:
    return number is not None and math.isfinite(number)


def _conditions(measured: Measurement) -> dict[str, Any]:
    asked = measured.conditions
    return {
        "engine": asked.engine,
        "seed": asked.seed,
        "context": asked.context,
        "batch": asked.batch,
        "ubatch": asked.ubatch,
        "max-tokens": asked.max_tokens,
        "arguments": list(asked.arguments),
    }


def _subject(measured: Measurement) -> dict[str, Any]:
    subject = measured.subject
    return {
        "build": subject.build,
        "backend": subject.backend,
        "threads": subject.threads,
        "model-name": subject.model_name,
        "model": subject.model,
        "package": subject.package,
        "chat-template": subject.template,
    }
