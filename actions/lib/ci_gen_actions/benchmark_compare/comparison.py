"""The comparison as a file of JSON: what was found, from what, by which rules.

Its schema is docs/schemas/benchmark-comparison.schema.json. The report shows it, and a second run
reads the findings of the first out of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.result import Verdict
from . import history
from .cases import Finding, present
from .deciding import Rules
from .series import Process
from .verdicts import Entry, Judgement

SCHEMA = 1
BYTES = 512 << 20
DIGITS = 6
"""Significant digits of a logarithm; a clock's values are kept whole."""


def of(
    judgement: Judgement, rules: Rules, *, verdict: str, remarks: Sequence[str]
) -> dict[str, Any]:
    """The comparison as plain values."""
    return {
        "schema": SCHEMA,
        "verdict": verdict,
        "counts": dict(judgement.counts),
        "compared": judgement.compared,
        "remarks": list(remarks),
        "rules": _rules(rules),
        "benchmarks": [_entry(each) for each in judgement.entries],
    }


def text(value: Mapping[str, Any]) -> str:
    """The file's text."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False) + "\n"


@dataclass(frozen=True, kw_only=True)
class Before:
    """What an earlier comparison found of a benchmark, and what that meant for its gate."""

    finding: Finding
    verdict: Verdict


def earlier(path: Path, shown: str) -> dict[str, Before]:
    """The findings of an earlier comparison by the benchmarks' names. Raises UsageError."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(BYTES))
        if value["schema"] != SCHEMA:
            raise ValueError(f"its schema is {value['schema']}, and this ci-gen knows {SCHEMA}")
        return {
            str(each["name"]): Before(
                finding=Finding(each["finding"]), verdict=Verdict(each["verdict"])
            )
            for each in value["benchmarks"]
        }
    except OSError as error:
        why = f"it cannot be read: {error.strerror}"
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = f"it is no comparison: {type(error).__name__}: {str(error)[:200]}"
    raise UsageError(
        "the first run's comparison cannot be used",
        where=shown,
        why=why,
        next="give the file that benchmark-compare wrote there, its output `comparison`",
    )


def _rules(rules: Rules) -> dict[str, Any]:
    design = rules.design
    return {
        "tolerance": _number(rules.usual.slower),
        "no_change": _number(design.edge),
        "alarm_error": design.alarm_error,
        "pass_error": design.pass_error,
        "looks": list(design.looks) if rules.sequential else [],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    judged, case = entry.judged, entry.judged.case
    accepted = entry.accepted or entry.expired
    return {
        "name": case.name,
        "metric": case.benchmark.metric,
        "unit": case.benchmark.unit,
        "better": case.benchmark.better,
        "control": case.control,
        "paired": case.paired,
        "parameters": dict(case.benchmark.parameters),
        "finding": judged.finding.value,
        "verdict": entry.verdict.value,
        "why": judged.why,
        "accepted": _accepted(entry) if accepted else None,
        "tolerance": _number(judged.tolerance.slower),
        "estimate": _number(judged.estimate),
        "low": _number(judged.low),
        "high": _number(judged.high),
        "detectable": _number(judged.detectable),
        "pairs_used": judged.pairs,
        "aside": judged.aside,
        "history": judged.history,
        "pairs": [_number(each) for each in history.pairs(case)] if case.paired else [],
        "baseline": _side(case.baseline),
        "current": _side(case.current),
    }


def _accepted(entry: Entry) -> dict[str, Any]:
    accepted = entry.accepted or entry.expired
    assert accepted is not None  # noqa: S101 - the caller has asked
    return {
        "reason": accepted.reason,
        "expires": str(accepted.expires),
        "line": accepted.line,
        "holds": entry.accepted is not None,
    }


def _side(processes: Sequence[Process | None]) -> dict[str, Any]:
    there = present(processes)
    first = there[0] if there else None
    return {
        "build": first.build if first else "",
        "environment": dict(first.environment) if first else {},
        "samples": [
            [_whole(value) for value in each.samples] if each else None for each in processes
        ],
    }


def _number(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
