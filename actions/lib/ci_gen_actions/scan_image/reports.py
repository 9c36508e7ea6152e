"""The reports of grype and trivy, read into findings. Pure.

Shapes: grype's `-o json` (anchore/grype, grype/presenter/json) and trivy's `--format json`,
schema version 2 (aquasecurity/trivy, pkg/types/report.go).
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import CannotDecide
from ..scanning.findings import Finding, Severity, ordered


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a scanner said.

    `dated` is when its database was built, or else when the report was made (`dates` says
    which), None where it tells neither. `distribution` is the one that it recognised, "" for
    none. `packages` is how many it says to have looked at, None where it does not say.
    `suppressed` counts what the scanner's own configuration left out.
    """

    scanner: str
    version: str
    findings: tuple[Finding, ...]
    dated: datetime.datetime | None = None
    dates: str = "database"
    distribution: str = ""
    end_of_life: bool = False
    packages: int | None = None
    suppressed: int = 0


def parse(data: bytes, shown: str) -> Report:
    """Read a report of either scanner. Raises CannotDecide for anything else."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise _unreadable(shown, "it is no JSON") from None
    if not isinstance(document, dict):
        raise _unreadable(shown, "it is no JSON object")
    if _dict(document, "descriptor").get("name") == "grype" and isinstance(
        document.get("matches"), list
    ):
        return _grype(document)
    if document.get("SchemaVersion") == 2 and "ArtifactName" in document:
        return _trivy(document)
    raise _unreadable(shown, "it is neither grype's JSON nor trivy's of schema version 2")


def _unreadable(shown: str, why: str) -> CannotDecide:
    return CannotDecide(
        "the scanner's report cannot be read",
        where=shown,
        why=why,
        next="make it with `grype -o json` or `trivy --format json`",
    )


def _dict(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _dicts(values: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = values.get(key)
    yield from (
        each for each in (found if isinstance(found, list) else []) if isinstance(each, dict)
    )


def _text(values: Mapping[str, Any], key: str) -> str:
    found = values.get(key)
    return found if isinstance(found, str) else ""


def _grype(document: Mapping[str, Any]) -> Report:
    descriptor = _dict(document, "descriptor")
    database = _dict(descriptor, "db")
    # Before 0.88 the facts stood in `db` itself, since then in `db.status`.
    built = moment(_text(_dict(database, "status"), "built") or _text(database, "built"))
    made = moment(_text(descriptor, "timestamp"))
    distribution = _dict(document, "distro")
    named = " ".join(filter(None, (_text(distribution, "name"), _text(distribution, "version"))))
    ignored = document.get("ignoredMatches")
    return Report(
        scanner="grype",
        version=_text(descriptor, "version"),
        findings=ordered([_match(each) for each in _dicts(document, "matches")]),
        dated=built or made,
        dates="database" if built else "report",
        distribution=named,
        suppressed=len(ignored) if isinstance(ignored, list) else 0,
    )


def _match(match: Mapping[str, Any]) -> Finding:
    vulnerability, artifact = _dict(match, "vulnerability"), _dict(match, "artifact")
    fix = _dict(vulnerability, "fix")
    versions = fix.get("versions")
    listed = versions if fix.get("state") == "fixed" and isinstance(versions, list) else []
    related = (_text(each, "id") for each in _dicts(match, "relatedVulnerabilities"))
    return Finding(
        id=_text(vulnerability, "id"),
        severity=Severity.named(_text(vulnerability, "severity")),
        title=first_line(_text(vulnerability, "description")),
        aliases=tuple(sorted({each for each in related if each} - {_text(vulnerability, "id")})),
        package=_text(artifact, "name"),
        version=_text(artifact, "version"),
        fixed=", ".join(map(str, listed)),
        link=_text(vulnerability, "dataSource"),
    )


def _trivy(document: Mapping[str, Any]) -> Report:
    system = _dict(_dict(document, "Metadata"), "OS")
    results = list(_dicts(document, "Results"))
    listed = [each["Packages"] for each in results if isinstance(each.get("Packages"), list)]
    named = " ".join(filter(None, (_text(system, "Family"), _text(system, "Name"))))
    return Report(
        scanner="trivy",
        version=_text(_dict(document, "Trivy"), "Version"),
        findings=ordered(
            [
                _vulnerability(each)
                for result in results
                for each in _dicts(result, "Vulnerabilities")
            ]
        ),
        dated=moment(_text(document, "CreatedAt")),
        dates="report",
        distribution=named,
        end_of_life=system.get("EOSL") is True,
        packages=sum(map(len, listed)) if listed else None if results else 0,
        suppressed=sum(
            len(result["ExperimentalModifiedFindings"])
            for result in results
            if isinstance(result.get("ExperimentalModifiedFindings"), list)
        ),
    )


def _vulnerability(found: Mapping[str, Any]) -> Finding:
    aliases = found.get("VendorIDs")
    return Finding(
        id=_text(found, "VulnerabilityID"),
        severity=Severity.named(_text(found, "Severity")),
        title=first_line(_text(found, "Title") or _text(found, "Description")),
        aliases=tuple(str(each) for each in aliases) if isinstance(aliases, list) else (),
        package=_text(found, "PkgName"),
        version=_text(found, "InstalledVersion"),
        fixed=_text(found, "FixedVersion"),
        link=_text(found, "PrimaryURL"),
    )


def first_line(text: str) -> str:
    """The first line of a description, cut where it is long."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:200] if lines else ""


def moment(text: str) -> datetime.datetime | None:
    """A time of RFC 3339 as scanners write it, nanoseconds cut off; None for anything else."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    if not found:
        return None
    try:
        zone = "+00:00" if found[2] == "Z" else found[2]
        return datetime.datetime.fromisoformat(f"{found[1]}{zone}")
    except ValueError:
        return None
