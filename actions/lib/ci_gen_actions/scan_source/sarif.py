"""The report: SARIF 2.1.0, which code scanning on GitHub and editors read. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ..core.git import printable
from ..scanning.findings import Finding, Severity
from ..scanning.ignore_list import Entry
from ..scanning.judgement import Judgement

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
}
"""CVSS-like numbers, from which GitHub derives its severities again."""


def sarif(judged: Judgement, tools: Mapping[str, str]) -> str:
    """The report of all findings; those that the ignore list accepts are suppressed in it."""
    pairs: list[tuple[Finding, Entry | None]] = [
        *((each, None) for each in (*judged.blocking, *judged.passed)),
        *judged.ignored,
    ]
    rules = {each.id: _rule(each) for each, _ in pairs}
    run = {
        "tool": {
            "driver": {
                "name": "ci-gen scan-source",
                "informationUri": "https://github.com/ci-gen/ci-gen",
                "rules": [rules[key] for key in sorted(rules)],
            },
            "extensions": [{"name": name, "version": tools[name]} for name in sorted(tools)],
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(*pair) for pair in pairs],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": finding.id,
        "shortDescription": {"text": finding.title or finding.id},
        "defaultConfiguration": {"level": _LEVELS.get(finding.severity, "note")},
    }
    if finding.severity in _SCORES:
        score = _SCORES[finding.severity]
        rule["properties"] = {"security-severity": score, "tags": ["security"]}
    if finding.link:
        rule["helpUri"] = finding.link
    return rule


def _result(finding: Finding, entry: Entry | None) -> dict[str, Any]:
    subject = f"{finding.subject}: " if finding.package else ""
    place = {"artifactLocation": {"uri": quote(printable(finding.file))}}
    region = {"region": {"startLine": finding.line}} if finding.line else {}
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "level": _LEVELS.get(finding.severity, "note"),
        "message": {"text": f"{subject}{finding.title or finding.id}"},
        "locations": [{"physicalLocation": {**place, **region}}],
        "partialFingerprints": {"ciGen/v1": "/".join(_identity(finding))},
    }
    if entry is not None:
        reason = f"{entry.reason} (until {entry.expires})"
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result


def _identity(finding: Finding) -> Iterable[str]:
    return (finding.id, finding.package, finding.version, printable(finding.file))
