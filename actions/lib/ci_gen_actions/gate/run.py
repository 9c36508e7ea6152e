"""Reads what the jobs left and says the one verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..core.dialect import Dialect
from ..core.errors import UsageError
from ..core.files import sha256
from ..core.inert import code, plain, table
from ..core.result import Result, Verdict
from .options import Options, Outputs
from .plan import Decision, Found, Judged, decide

_ICONS = {
    Verdict.PASS: "✅",
    Verdict.FAIL: "❌",
    Verdict.ERROR: "💥",
    Verdict.INCONCLUSIVE: "❔",
    Verdict.NO_DATA: "❔",
}


def run(options: Options, ci: Dialect) -> Result:
    """Judge every job; the worst verdict wins."""
    needs = results(options.needs)
    folder = ci.workspace / options.evidence_folder
    files = evidence_files(folder, own=options.evidence_name)
    found = [read_evidence(path, ci.workspace, ci.commit) for path in files]
    decision = decide(options, needs, found, unmerged=ci.event.unmerged)
    for each in decision.jobs:
        if each.warned:
            ci.warning(f"{each.job}: {each.verdict}, {each.why}: nothing is proven either way")
        elif each.verdict is not Verdict.PASS:
            ci.error(f"{each.job}: {each.verdict}, {each.why}")
    if not decision.jobs:
        ci.error("nothing to judge: no job is expected or needed, and there is no evidence")
    ci.log(f"verdict over {len(decision.jobs)} jobs: {decision.verdict}")
    return Result(
        decision.verdict,
        Outputs(verdict=decision.verdict.value, failed=" ".join(decision.failed)),
        evidence={
            "inputs": {each.path: f"sha256:{sha256(ci.workspace / each.path)}" for each in found},
            "findings": {"jobs": [_recorded(each) for each in decision.jobs]},
        },
        summary=_summary(decision),
    )


def results(needs: str) -> dict[str, str]:
    """Job ids and results out of GitHub's context needs. Raises UsageError."""
    if not needs.strip():
        return {}
    try:
        found = json.loads(needs)
        return {str(job): str(facts["result"]) for job, facts in found.items()}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise UsageError(
            "the input needs is not GitHub's context needs",
            where="input needs of the action gate",
            why=f"{type(error).__name__}: {error}",
            next="give it as toJSON(needs)",
        ) from error


def evidence_files(folder: Path, own: str) -> list[Path]:
    """Every evidence file below the folder but the gate's own, in a stable order."""
    return sorted(
        each for each in folder.rglob("*.json") if each.is_file() and each.name != f"{own}.json"
    )


def read_evidence(path: Path, workspace: Path, commit: str) -> Found:
    """One file; one that cannot be read or is of another commit is found, but not usable."""
    shown = path.relative_to(workspace).as_posix() if path.is_relative_to(workspace) else str(path)
    try:
        text: Any = json.loads(path.read_bytes())
        stage, job, of = text["stage"], text.get("job", ""), text["commit"]
        verdict = Verdict(text["verdict"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"is no evidence ({type(error).__name__}: {error})"
        return Found(stage=path.stem, job="", verdict=Verdict.ERROR, path=shown, usable=why)
    stale = f"is of commit {of}" if commit and of != commit else ""
    return Found(stage=str(stage), job=str(job), verdict=verdict, path=shown, usable=stale)


def _recorded(each: Judged) -> dict[str, str | bool]:
    return {
        "job": each.job,
        "verdict": each.verdict.value,
        "why": each.why,
        "skipped": each.skipped,
        "warned": each.warned,
    }


def _summary(decision: Decision) -> str:
    rows: list[tuple[str, str, str]] = list(_rows(decision))
    head = f"### {_ICONS[decision.verdict]} {decision.verdict}\n\n"
    if not rows:
        return f"{head}Nothing was measured: there is no job and no evidence.\n"
    return head + table(("Job", "Verdict", "Why"), rows)


def _rows(decision: Decision) -> Iterator[tuple[str, str, str]]:
    # The worst first: that is what the reader came for.
    for each in sorted(decision.jobs, key=lambda judged: -judged.verdict.rank):
        icon = "⚠️" if each.warned else _ICONS[each.verdict]
        shown = "⏭️ skipped" if each.skipped else f"{icon} {each.verdict}"
        yield code(each.job), shown, plain(each.why)
