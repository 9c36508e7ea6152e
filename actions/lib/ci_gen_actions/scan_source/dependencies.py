"""Known vulnerabilities of the Python packages that lock files name, asked by pip-audit.

Nothing is resolved and nothing of the repository is run: pip-audit gets exact versions alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.dialect import Dialect
from ..core.process import Completed, capture
from ..core.result import Verdict
from ..scanning.findings import Finding, Severity
from ..scanning.judgement import Concern
from .locks import Lock, Pin, batches, normalised

SERVICES = {"osv": "api.osv.dev", "pypi": "pypi.org"}


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the advisory service said; `audited` counts packages that it answered for."""

    findings: tuple[Finding, ...] = ()
    audited: int = 0
    concerns: tuple[Concern, ...] = ()


def audit(
    locks: Sequence[Lock], service: str, ci: Dialect, *, osv_url: str = "", timeout: float
) -> Audit:
    """Ask about every pin of the locks, at `osv_url` where OSV has a mirror."""
    pins = [pin for each in locks for pin in each.pins]
    concerns = [
        _inconclusive(f"{each.file} was not audited: {each.problem}")
        for each in locks
        if each.problem
    ]
    findings: list[Finding] = []
    audited = 0
    for batch in batches(pins):
        done = _ask(batch, _asking(service, osv_url), ci.environ, timeout)
        answer = _answer(done)
        if answer is None:
            concerns.append(_inconclusive(_unreachable(done, osv_url or SERVICES[service])))
            break
        for each in answer:
            if "skip_reason" in each:
                why = str(each["skip_reason"]).splitlines()[0][:200]
                concerns.append(_inconclusive(f"{each.get('name')} was not audited: {why}"))
                continue
            audited += 1
            findings += _findings(each, pins)
    return Audit(findings=tuple(findings), audited=audited, concerns=_few(concerns))


def _few(concerns: Sequence[Concern], limit: int = 10) -> tuple[Concern, ...]:
    if len(concerns) <= limit:
        return tuple(concerns)
    more = _inconclusive(f"{len(concerns) - limit} more packages were not audited")
    return (*concerns[:limit], more)


def _inconclusive(text: str) -> Concern:
    return Concern(verdict=Verdict.INCONCLUSIVE, text=text)


def _asking(service: str, osv_url: str) -> tuple[str, ...]:
    mirror = ("--osv-url", osv_url) if service == "osv" and osv_url else ()
    return ("--vulnerability-service", service, *mirror)


def _ask(
    batch: Mapping[str, str], service: Sequence[str], environ: Mapping[str, str], timeout: float
) -> Completed:
    kept = {
        name: text
        for name, text in environ.items()
        if not name.startswith(("PIP_AUDIT_", "PYTHON"))
    }
    with tempfile.TemporaryDirectory(prefix="ci-gen-audit-") as scratch:
        requirements = Path(scratch) / "requirements.txt"
        lines = (f"{name}=={version}\n" for name, version in batch.items())
        requirements.write_text("".join(lines), encoding="utf-8")
        argv = [
            *(sys.executable, "-I", "-m", "pip_audit", "--requirement", str(requirements)),
            *("--no-deps", "--disable-pip", *service),
            *("--format", "json", "--progress-spinner", "off", "--timeout", "30"),
            *("--cache-dir", str(Path(scratch) / "cache")),
        ]
        return capture(argv, cwd=scratch, env=kept, timeout=timeout)


def _answer(done: Completed) -> list[dict[str, Any]] | None:
    """What pip-audit said of each package; None where it came to no answer."""
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else None


def _unreachable(done: Completed, service: str) -> str:
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    why = lines[-1][:300] if lines else done.outcome
    return f"dependencies were not audited: no answer of {service}: {why}"


def _findings(answer: Mapping[str, Any], pins: Sequence[Pin]) -> list[Finding]:
    places = [
        each
        for each in pins
        if each.name == normalised(str(answer.get("name", "")))
        and each.version == answer.get("version")
    ]
    return [
        Finding(
            id=str(found.get("id", "")),
            aliases=tuple(map(str, found.get("aliases") or ())),
            severity=Severity.HIGH,
            title=_title(str(found.get("description") or "")),
            package=place.name,
            version=place.version,
            fixed=", ".join(map(str, found.get("fix_versions") or ())),
            file=place.file,
            line=place.line,
            link=f"https://osv.dev/vulnerability/{found.get('id', '')}",
        )
        for place in places
        for found in answer.get("vulns") or ()
        if isinstance(found, dict)
    ]


def _title(description: str) -> str:
    lines = [line.strip(" #") for line in description.splitlines() if line.strip(" #")]
    return lines[0][:200] if lines else ""
