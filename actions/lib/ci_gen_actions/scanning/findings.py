"""Findings of scanners, in one form whatever found them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(str, Enum):
    """How bad a finding is, from what nobody rated to the worst."""

    UNKNOWN = "unknown"
    NEGLIGIBLE = "negligible"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for unknown; higher is worse."""
        return list(Severity).index(self)

    def __str__(self) -> str:
        return self.value

    @classmethod
    def named(cls, text: str) -> Severity:
        """The severity that a scanner calls so, in any case; UNKNOWN for every other word."""
        word = text.strip().lower()
        return cls(word) if word in {each.value for each in cls} else cls.UNKNOWN


THRESHOLDS = ("low", "medium", "high", "critical")
"""What an input `severity` may be."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a scanner found.

    `id` is stable from run to run: an advisory, a rule, or for a secret the rule with a
    fingerprint. `aliases` are other ids of the same. `fixed` names versions without the
    vulnerability, "" where there is none. `file` is relative to the workspace, `line` 1-based.
    """

    id: str
    severity: Severity
    title: str = ""
    aliases: tuple[str, ...] = ()
    package: str = ""
    version: str = ""
    fixed: str = ""
    file: str = ""
    line: int = 0
    link: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """Every id it goes by, in lower case."""
        return frozenset(each.lower() for each in (self.id, *self.aliases))

    @property
    def subject(self) -> str:
        """What it is about: the package with its version, or the place."""
        if self.package:
            return f"{self.package} {self.version}".strip()
        return f"{self.file}:{self.line}" if self.line else self.file


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Without repetitions, the worst first, else by name: the same for the same findings."""
    unique = {
        (each.id, each.package, each.version, each.file, each.line): each for each in findings
    }
    return tuple(
        sorted(
            unique.values(),
            key=lambda each: (-each.severity.rank, each.package, each.file, each.line, each.id),
        )
    )
