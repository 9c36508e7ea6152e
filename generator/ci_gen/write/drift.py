"""Which generated file is not as it should be, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ci_gen._version import __version__
from ci_gen.write import lock as locks
from ci_gen.write.assess import Assessment
from ci_gen.write.digest import digest_text
from ci_gen.write.plan import Decision, Status
from ci_gen.write.root import CONFLICTS, LOCK, PENDING
from ci_gen.write.show import change, hand_edit


class Cause(str, Enum):
    """Why a file drifted; a file may have several, the first of this order names it."""

    INTERRUPTED = "interrupted"
    CONFLICT_MARKERS = "conflict-markers"
    FOREIGN = "foreign"
    MISSING = "missing"
    ORPHANED = "orphaned"
    EDITED = "edited"
    CONFIG = "config-changed"
    GENERATOR = "generator-changed"
    FACTS = "facts-changed"
    UNRESOLVED = "unresolved"
    OUTDATED = "outdated"


@dataclass(frozen=True)
class Finding:
    """One file: what it is (`clean`, `kept` or its first cause), why, and its diff."""

    path: str
    causes: tuple[Cause, ...] = ()
    why: str = ""
    kept: bool = False
    diff: str = ""

    @property
    def status(self) -> str:
        """`clean`; `kept` for a recorded hand edit; else the first cause."""
        if self.causes:
            return min(self.causes, key=list(Cause).index).value
        return "kept" if self.kept else "clean"


@dataclass(frozen=True)
class Report:
    """The answer of check: every generated file, and remarks that concern no single file."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def drifted(self) -> list[Finding]:
        """The files that are not as they should be."""
        return [finding for finding in self.findings if finding.causes]

    @property
    def kept(self) -> list[str]:
        """The files whose hand edits are on record."""
        return [finding.path for finding in self.findings if finding.status == "kept"]

    def to_json(self, diffs: bool = False) -> dict[str, Any]:
        """The stable document of `ci-gen check --json`."""
        return {
            "status": "drift" if self.drifted else "clean",
            "ci_gen": __version__,
            "files": [
                {
                    "path": finding.path,
                    "status": finding.status,
                    "why": finding.why,
                    "causes": [cause.value for cause in finding.causes],
                    **({"diff": finding.diff} if diffs else {}),
                }
                for finding in self.findings
            ],
            "notes": list(self.notes),
        }


def clean(files: Mapping[str, bool]) -> Report:
    """The report of a repository that the digests prove clean (`fast.clean_files`)."""
    why = "edited by hand, as recorded"
    return Report(
        tuple(
            Finding(path, why=why if edited else "", kept=edited)
            for path, edited in sorted(files.items())
        )
    )


def report(found: Assessment) -> Report:
    """Say of every file whether it drifted."""
    stale = dict(_stale(found))
    findings = [*_records(found), *(_finding(found, one, stale) for one in found.decisions)]
    notes = found.notes()
    outdated = found.old and locks.dumps(found.old) != locks.dumps(found.lock)
    if outdated and not any(finding.causes for finding in findings):
        reasons = "; ".join(stale.values()) or "the lock is out of date"
        notes.append(
            f"{reasons}: every file comes out the same, and `ci-gen generate` will record that"
        )
    shown = [finding for finding in findings if finding.path in found.files or finding.causes]
    return Report(tuple(shown), tuple(notes))


def _records(found: Assessment) -> Iterator[Finding]:
    """What is wrong with ci-gen's own records."""
    if found.journal:
        why = "generate was stopped before it had finished; run it again"
        yield Finding(PENDING, (Cause.INTERRUPTED,), why)
    if found.old is None:
        why = "nothing was generated here yet; run `ci-gen generate`"
        yield Finding(LOCK, (Cause.MISSING,), why)
    elif found.old.theirs:
        why = "git left two branches in it; `ci-gen generate` joins them"
        yield Finding(LOCK, (Cause.CONFLICT_MARKERS,), why)


def _stale(found: Assessment) -> Iterator[tuple[Cause, str]]:
    """What was changed since the last generate, by its cause."""
    old, now = found.old, found.rendering
    if old is None:
        return
    changed = sorted(
        path for path in {*old.config, *now.config} if old.config.get(path) != now.config.get(path)
    )
    if changed:
        yield Cause.CONFIG, f"{', '.join(changed)} changed since the last generate"
    if old.ci_gen != __version__:
        yield Cause.GENERATOR, f"ci-gen was upgraded from {old.ci_gen} to {__version__}"
    elif old.generator != now.generator:
        yield Cause.GENERATOR, "ci-gen's own code, pins or templates changed"
    if dict(old.facts) != dict(now.facts):
        yield Cause.FACTS, "the facts about the repository were detected anew"
    elif dict(old.actions) != dict(now.actions):
        yield Cause.GENERATOR, "ci-gen's actions are pinned at another commit"


def _finding(found: Assessment, one: Decision, stale: dict[Cause, str]) -> Finding:
    """What is to be said of one file."""
    texts = found.rendering.texts
    causes = dict(_causes(found, one, stale))
    if not causes:
        edited = one.entry is not None and one.entry.edited
        return Finding(one.path, why="edited by hand, as recorded" if edited else "", kept=edited)
    diff = change(one, texts) or hand_edit(one, texts)
    return Finding(one.path, tuple(causes), "; ".join(causes.values()), diff=diff)


def _causes(
    found: Assessment, one: Decision, stale: dict[Cause, str]
) -> Iterator[tuple[Cause, str]]:
    """Why a file is not as it should be; nothing where it is."""
    recorded = found.old.entries(one.path) if found.old else ()
    if one.status is Status.UNCHANGED:
        return
    if one.status is Status.FOREIGN:
        yield Cause.FOREIGN, one.why
        return
    if one.status in (Status.REMOVED, Status.KEPT):
        if one.file.exists:
            yield Cause.ORPHANED, one.why
        return
    if not one.file.exists:
        yield Cause.MISSING, "it was deleted" if recorded else "it was not generated yet"
    elif one.file.digest not in {of for entry in recorded for of in (entry.rendered, entry.disk)}:
        yield Cause.EDITED, "edited by hand"
    if {entry.rendered for entry in recorded} != {_rendered(found, one.path)} and recorded:
        yield from _outdated(found, one, stale)


def _outdated(
    found: Assessment, one: Decision, stale: dict[Cause, str]
) -> Iterator[tuple[Cause, str]]:
    """Why the text on record is not the one that is rendered now."""
    if stale:
        yield from stale.items()
    elif one.status is Status.CONFLICT:
        yield Cause.UNRESOLVED, f"the new text could not be merged: see {CONFLICTS}/{one.path}"
    else:
        yield Cause.OUTDATED, "it is rendered differently now"


def _rendered(found: Assessment, path: str) -> str:
    return digest_text(found.rendering.texts[path])
