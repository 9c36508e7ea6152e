"""performance_report.json: what was measured of a version, in full. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..core.errors import UsageError
from ..release.evidence_files import Found
from . import measured
from .declared import as_json

BYTES = 64 * 1024 * 1024


def made(model: str, evidence: Sequence[Found]) -> bytes:
    """A report out of evidence alone, for a model that no gate wrote one of."""
    value = {
        "schema": 1,
        "model": model,
        "performance": as_json(measured.performance(evidence)),
        "tests_passed": as_json(measured.tests_passed(evidence)),
        "evidence": [
            {
                "stage": each.stage,
                "action": each.action,
                "verdict": each.verdict.value,
                "commit": each.commit,
                "started": each.value["started"],
                "sha256": each.digest,
                "inputs": dict(each.inputs),
                "findings": dict(each.findings),
            }
            for each in evidence
        ],
    }
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def check(data: bytes, model: str) -> None:
    """See that a report is one, and not that of another model. Raises UsageError."""
    try:
        value: Any = json.loads(data) if len(data) <= BYTES else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UsageError(
            "the performance report is no report",
            why="it is no JSON object" if len(data) <= BYTES else f"it has {len(data):,} bytes",
            next="give the performance_report.json that the quality gate wrote",
        )
    told = value.get("model")
    if isinstance(told, str) and told.removeprefix("sha256:") != model.removeprefix("sha256:"):
        raise UsageError(
            "the performance report is that of another model",
            why=f"it is of {told[:80]}, and this model is {model}",
            next="give the report of the model that is published",
        )
