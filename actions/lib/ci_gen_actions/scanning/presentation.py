"""A judgement as annotations, Markdown and evidence. Whatever a scanner wrote stays inert."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.dialect import Dialect
from ..core.git import printable
from ..core.inert import code, plain, table
from .findings import Finding
from .ignore_list import Entry
from .judgement import Judgement

ROWS = 100
"""How many findings a table and the evidence show; counts always tell of all."""
ANNOTATIONS = 50
"""How many annotations one step makes: platforms show few more."""

_LINK = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9./_?=&%#:~+-]*")


def announce(judged: Judgement, ci: Dialect, ignore_file: str) -> None:
    """Annotate what blocks, on its file and line where it has one, and the state of the list."""
    placed = [each for each in judged.blocking if each.file]
    for finding in placed[:ANNOTATIONS]:
        ci.error(_sentence(finding), file=printable(finding.file), line=finding.line)
    if len(placed) > ANNOTATIONS:
        ci.error(f"{len(placed) - ANNOTATIONS} more findings are in the summary and the report")
    others = [each for each in judged.blocking if not each.file]
    if others:
        first = "; ".join(_sentence(each) for each in others[:5])
        more = f"; and {len(others) - 5} more, in the summary" if len(others) > 5 else ""
        ci.error(f"{_counted(len(others), 'vulnerability', 'vulnerabilities')}: {first}{more}")
    for finding, entry in judged.expired:
        ci.error(
            f"{finding.id} ({printable(finding.subject)}) is no longer accepted: its entry "
            f"expired on {entry.expires}. Fix it, or decide anew and move the day",
            file=ignore_file,
            line=entry.line,
        )
    for entry in judged.unused:
        ci.notice(
            f"the entry for {entry.id} matches nothing; it can be removed",
            file=ignore_file,
            line=entry.line,
        )


def _sentence(finding: Finding) -> str:
    subject = f" in {printable(finding.subject)}" if finding.package else ""
    fixed = f", fixed in {finding.fixed}" if finding.fixed else ""
    title = f": {' '.join(finding.title.split())}" if finding.title else ""
    return f"{finding.id} ({finding.severity}){subject}{fixed}{title}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def summary(judged: Judgement, *, ignored_by: str) -> str:
    """Tables of what blocks, what is accepted and what was seen, with the counts."""
    counts = ", ".join(f"{count} {name}" for name, count in judged.counts.items() if count)
    parts = [f"Threshold: {judged.threshold}. Found: {counts or 'nothing'}.\n"]
    if judged.blocking:
        parts.append(f"\n**Must be fixed or accepted**\n\n{_table(judged.blocking)}")
    if judged.expired:
        parts.append("\n**No longer accepted**\n\n" + _entries(judged.expired, ignored_by))
    if judged.ignored:
        parts.append("\n**Accepted for now**\n\n" + _entries(judged.ignored, ignored_by))
    if judged.passed:
        title = f"Seen, below the threshold or without a fix ({len(judged.passed)})"
        shown = _table(judged.passed)
        parts.append(f"\n<details><summary>{title}</summary>\n\n{shown}\n</details>\n")
    return "".join(parts)


def _table(findings: Sequence[Finding]) -> str:
    rows = [
        (_linked(each), code(printable(each.subject)), code(each.fixed), str(each.severity),
         plain(each.title[:160]))
        for each in findings[:ROWS]
    ]  # fmt: skip
    shown = table(("Finding", "Where", "Fixed in", "Severity", "What"), rows)
    more = len(findings) - ROWS
    return shown + (f"\nand {more} more, in the report\n" if more > 0 else "")


def _linked(finding: Finding) -> str:
    if _LINK.fullmatch(finding.link):
        return f"[{code(finding.id)}]({finding.link})"
    return code(finding.id)


def _entries(pairs: Sequence[tuple[Finding, Entry]], ignored_by: str) -> str:
    rows = [
        (_linked(finding), code(printable(finding.subject)), str(entry.expires),
         plain(entry.reason[:160]), code(f"{ignored_by}:{entry.line}"))
        for finding, entry in pairs[:ROWS]
    ]  # fmt: skip
    return table(("Finding", "Where", "Until", "Reason", "Entry"), rows)


def told(judged: Judgement) -> dict[str, Any]:
    """The part of the evidence's findings that a judgement fills."""
    return {
        "severity": judged.threshold.value,
        "counts": dict(judged.counts),
        "blocking": [_told(each) for each in judged.blocking[:ROWS]],
        "blocking-total": len(judged.blocking),
        "ignored": [_accepted(*each) for each in judged.ignored[:ROWS]],
        "expired": [_accepted(*each) for each in judged.expired[:ROWS]],
        "unused-entries": [each.id for each in judged.unused[:ROWS]],
    }


def _told(finding: Finding) -> Mapping[str, str | int]:
    values = {
        "id": finding.id,
        "severity": finding.severity.value,
        "package": finding.package,
        "version": finding.version,
        "fixed": finding.fixed,
        "file": printable(finding.file),
        "line": finding.line,
    }
    return {key: value for key, value in values.items() if value}


def _accepted(finding: Finding, entry: Entry) -> Mapping[str, str | int]:
    return {**_told(finding), "reason": entry.reason, "expires": str(entry.expires)}
