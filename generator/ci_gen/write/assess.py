"""What generating would do to a repository, found out without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ci_gen._version import __version__
from ci_gen.errors import UsageError
from ci_gen.write import journal as journals
from ci_gen.write import lock as locks
from ci_gen.write.disk import File, read, read_all
from ci_gen.write.history import histories
from ci_gen.write.identity import generator_digest
from ci_gen.write.journal import Journal
from ci_gen.write.lock import Lock
from ci_gen.write.paths import refuse_strays
from ci_gen.write.plan import Choices, Decision, plan
from ci_gen.write.root import LOCK, STATE


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """Everything that is generated, and what it was generated from.

    `texts` maps paths to texts with LF newlines; `config` maps each config file that was
    read to its digest (`ci_gen.write.digest.digest_file`); `templates` maps paths to the
    names of their templates.
    """

    texts: Mapping[str, str]
    config: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    generator: str = field(default_factory=generator_digest)


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """A decision about every file, the records that it rests on, and the lock to come.

    `old` is None where there is no lock; `journal` is None unless a run was interrupted.
    """

    root: str
    rendering: Rendering
    decisions: tuple[Decision, ...]
    files: Mapping[str, File]
    old: Lock | None
    journal: Journal | None

    @property
    def unresolved(self) -> list[Decision]:
        """The files that a person has to decide about."""
        return [decision for decision in self.decisions if decision.status.unresolved]

    @property
    def lock(self) -> Lock:
        """The lock that describes the repository once every decision is carried out."""
        lock = Lock(
            generator=self.rendering.generator,
            actions=self.rendering.actions,
            config=self.rendering.config,
            facts=self.rendering.facts,
            files={one.path: one.entry for one in self.decisions if one.entry},
        )
        return lock if self.unresolved else locks.sealed(lock)

    def notes(self) -> list[str]:
        """What to tell besides the files: upgrades, merged locks, an interrupted run."""
        notes = []
        if self.journal:
            left = journals.describe(self.journal, self.files)
            notes.append("an earlier generate was interrupted; it left:")
            notes += [f"  {line}" for line in left]
        if self.old and locks.newer_than(__version__, self.old.ci_gen):
            notes.append(f"ci-gen was upgraded from {self.old.ci_gen} to {__version__}")
        if self.old and self.old.theirs:
            notes.append(f"{LOCK} holds git's conflict markers; both branches were read")
            if self.old.facts != self.old.theirs.facts:
                notes.append(
                    "the two branches froze different facts; those of our side were taken "
                    "(`ci-gen detect --update` looks again)"
                )
        return notes


def read_lock(root: str) -> Lock | None:
    """The lock of the repository, None where there is none.

    With git's conflict markers in it, the result is our side, with `theirs` beside it.
    Raises VersionError where a newer ci-gen wrote it, Undecided where it is damaged.
    """
    file = read(root, LOCK)
    return locks.loads(file.text) if file.exists else None


def assess(root: str, rendering: Rendering, choices: Choices | None = None) -> Assessment:
    """Compare what was rendered with what is on disk and on record.

    Raises UsageError where a path may not be written to at all, or a choice names none of
    the files, and what `read_lock` raises.
    """
    choices = choices or Choices()
    refuse_strays(rendering.texts)
    records = read(root, STATE)
    if records.exists or records.blocked not in ("", "is a folder"):
        raise UsageError(
            f"{STATE} {records.blocked or 'is a file'}.",
            "ci-gen keeps its records there: clear it.",
        )
    old, journal = read_lock(root), journals.load(root)
    recorded = old or Lock()
    refuse_strays(recorded.paths())
    interrupted = journal or Journal()
    refuse_strays(interrupted.files)
    files = read_all(root, {*rendering.texts, *recorded.paths(), *interrupted.files})
    _refuse_unknown(choices, files)
    decisions = plan(
        rendering.texts,
        rendering.templates,
        histories(root, recorded, interrupted, files),
        files,
        choices,
    )
    _refuse_doubles(decisions)
    return Assessment(
        root=root,
        rendering=rendering,
        decisions=tuple(decisions),
        files=files,
        old=old,
        journal=journal,
    )


def _refuse_unknown(choices: Choices, files: Mapping[str, File]) -> None:
    """Raise UsageError where a choice names a file that is not generated."""
    from difflib import get_close_matches

    for path in sorted({*choices.force, *choices.keep} - set(files)):
        near = get_close_matches(path, files, n=1)
        hint = f"Did you mean {near[0]}?" if near else "Give it as `ci-gen check` prints it."
        raise UsageError(f"{path} is not a generated file.", hint)
    both = sorted(set(choices.force) & set(choices.keep))
    if both:
        raise UsageError(f"{both[0]} is given to both --force and --keep.", "Decide for one.")


def _refuse_doubles(decisions: list[Decision]) -> None:
    """Raise UsageError where symbolic links lead two files to one place."""
    places: dict[str, str] = {}
    for decision in decisions:
        if decision.text is not None:
            other = places.setdefault(decision.file.real, decision.path)
            if other != decision.path:
                raise UsageError(
                    f"{other} and {decision.path} are one file, through a symbolic link.",
                    "Give one of them another path in ci-gen.yaml under `files:`.",
                )
