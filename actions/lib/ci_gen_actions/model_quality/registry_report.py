"""performance_report.json: what was measured of a model, for the registry. Nothing is typed."""

from __future__ import annotations

import json
import math
from typing import Any

from .finding import Comparison
from .measurement import Measurement

SCHEMA = 1


def performance(measured: Measurement) -> dict[str, float]:
    """What the registry's metadata takes: the worst perplexity, if one was measured."""
    found = [each.ppl for each in measured.perplexity if math.isfinite(each.ppl)]
    return {"perplexity": max(found)} if found else {}


def report(measured: Measurement, found: Comparison) -> str:
    """The file's text."""
    subject = measured.subject
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "model": subject.model,
        "package": subject.package,
        "verdict": found.verdict.value,
        "measured": measured.measured,
        "performance": performance(measured),
        "subject": {
            "name": subject.model_name,
            "build": subject.build,
            "backend": subject.backend,
            "threads": subject.threads,
            "template": subject.template,
        },
        "conditions": {
            "engine": measured.conditions.engine,
            "seed": measured.conditions.seed,
            "context": measured.conditions.context,
            "batch": measured.conditions.batch,
        },
        "perplexity": {each.name: _finite(each.ppl) for each in measured.perplexity},
        "divergence": {
            each.name: {"mean": each.mean, "same_top": each.same_top, "base": each.base_model}
            for each in measured.divergence
        },
        "accuracy": {
            each.name: {"right": each.accuracy, "questions": len(each.answers)}
            for each in measured.answers
        },
        "evaluation": measured.digests,
        "states": {f"{each.kind}:{each.name}": each.state.value for each in found.findings},
    }
    return json.dumps(values, indent=2, sort_keys=True) + "\n"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
