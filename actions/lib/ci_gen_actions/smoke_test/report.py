"""What was found, for the reader of the run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.inert import code, plain, table
from ..core.result import Verdict, worst
from .outcome import Outcome


def verdict_of(outcomes: Sequence[Outcome]) -> Verdict:
    """The worst of what was judged; NO_DATA where health alone was, which serves nobody."""
    judged = [each for each in outcomes if not each.skipped]
    found = worst(each.verdict for each in judged)
    if found is Verdict.PASS and all(each.name == "health" for each in judged):
        return Verdict.NO_DATA
    return found


def summary(url: str, verdict: Verdict, outcomes: Sequence[Outcome]) -> str:
    """The table of the step summary."""
    text = f"### Smoke test: {verdict}\n\n{code(url)}\n"
    if not outcomes:
        return f"{text}\nNothing was asked: `checks` is none, and `requests` holds none.\n"
    rows = [
        (
            code(each.name),
            "not made" if each.skipped else str(each.verdict),
            f"{each.seconds:.2f}" if each.seconds else "",
            plain(each.what),
        )
        for each in outcomes
    ]
    return f"{text}\n{table(('Check', 'Verdict', 'Seconds', 'What'), rows)}"


def recorded(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the evidence has it."""
    return {
        "check": outcome.name,
        "verdict": outcome.verdict.value,
        "skipped": outcome.skipped,
        "what": outcome.what,
        "seconds": round(outcome.seconds, 3),
        "findings": dict(outcome.findings),
    }


def find(outcomes: Sequence[Outcome], check: str, key: str) -> str:
    """One finding as a text, "" where it was not made."""
    for each in outcomes:
        if each.name == check and key in each.findings:
            return str(each.findings[key])
    return ""
