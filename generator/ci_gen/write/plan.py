"""What is to become of each generated file. Pure: texts and records in, decisions out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ci_gen.write.digest import digest_text
from ci_gen.write.disk import File
from ci_gen.write.history import Known
from ci_gen.write.lock import Entry
from ci_gen.write.markers import sides
from ci_gen.write.merge import Conflict, merge


class Status(str, Enum):
    """What generate does with a file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    REMOVED = "removed"
    KEPT = "kept"
    CONFLICT = "conflict"
    FOREIGN = "foreign"

    @property
    def unresolved(self) -> bool:
        """Whether a person has to decide before the file can be generated."""
        return self in (Status.CONFLICT, Status.FOREIGN)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One file's fate.

    `text` is what to write, None for nothing; `remove` deletes the file. `entry` and `base`
    are what to record afterwards, None to record nothing. `beside` is the rendered text to
    leave in the conflicts folder; `backup` keeps a copy of what is replaced.
    """

    path: str
    status: Status
    why: str = ""
    file: File
    text: str | None = None
    remove: bool = False
    entry: Entry | None = None
    base: str | None = None
    beside: str | None = None
    backup: bool = False
    conflicts: tuple[Conflict, ...] = ()

    @property
    def outcome(self) -> str | None:
        """The file's text after this decision, None where there is no file."""
        if self.remove:
            return None
        return self.text if self.text is not None else self.file.text if self.file.exists else None


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the user decided: paths to overwrite, and paths to keep as they are on disk."""

    force: Collection[str] = ()
    keep: Collection[str] = ()


def plan(
    texts: Mapping[str, str],
    templates: Mapping[str, str],
    known: Mapping[str, Known],
    files: Mapping[str, File],
    choices: Choices,
) -> list[Decision]:
    """Decide about every path that is rendered or recorded, sorted by path.

    `files` holds each of these paths, `known` those that were generated before.
    """
    decisions = []
    for path in sorted({*texts, *known}):
        file, history = files[path], known.get(path)
        if path not in texts:
            decisions.append(_orphan(file, history or Known(), path in choices.force))
        else:
            decision = _current(file, texts[path], history, choices)
            entry = decision.entry
            if entry is not None and not decision.status.unresolved:
                entry = replace(entry, template=templates.get(path, ""))
            decisions.append(replace(decision, entry=entry))
    return decisions


def _current(file: File, new: str, known: Known | None, choices: Choices) -> Decision:
    """Decide about a file that is rendered now."""
    rendered = digest_text(new)
    done = Decision(
        path=file.path,
        status=Status.UNCHANGED,
        file=file,
        entry=Entry(rendered, rendered),
        base=new,
    )
    if file.exists and file.digest == rendered:
        return done
    if file.blocked:
        return _foreign(file, f"{file.path} {file.blocked}")
    if not file.exists:
        why = "it was missing" if known else ""
        return replace(done, status=Status.CREATED, why=why, text=new)
    if file.path in choices.force:
        why = "by --force"
        return replace(done, status=Status.UPDATED, why=why, text=new, backup=True)
    if file.path in choices.keep:
        kept = Entry(rendered, file.digest or "")
        return replace(done, status=Status.MERGED, why="kept by --keep", entry=kept)
    if known is None:
        return _foreign(file, "ci-gen did not write this file")
    if known.unedited(file):
        return replace(done, status=Status.UPDATED, text=new)
    return _edited(done, new, known)


def _edited(done: Decision, new: str, known: Known) -> Decision:
    """Carry a hand edit over to the new text, or find that it cannot be."""
    file = done.file
    result, conflicts, why = _carry(file, new, known)
    if result is None:
        return Decision(
            path=file.path,
            status=Status.CONFLICT,
            why=why,
            file=file,
            entry=known.match(file) or known.entries[0],
            base=known.base_of(known.match(file)) or known.stored,
            beside=new,
            conflicts=conflicts,
        )
    if result == new:
        return replace(done, status=Status.UPDATED, text=new)
    entry = Entry(digest_text(new), digest_text(result))
    if result != file.text:
        return replace(done, status=Status.MERGED, why="hand edit kept", text=result, entry=entry)
    if entry.disk in {old.disk for old in known.entries}:
        return replace(done, why="hand edit kept", entry=entry)
    return replace(done, status=Status.MERGED, why="hand edit recorded", entry=entry)


def _carry(file: File, new: str, known: Known) -> tuple[str | None, tuple[Conflict, ...], str]:
    """The new text with the edits of `file`, or None, the conflicts and what is wrong."""
    base = known.base_of(known.match(file), new)
    if base is None and known.forked and known.stored is not None:
        return _carry_both(file, new, known.stored)
    if base is None and sides(file.text) is not None:
        return None, (), "it holds git's conflict markers"
    if base is None and known.match(file) is None:
        base = known.nearest_base(file.text, new)
    if base is None:
        return None, (), "edited by hand, and the text that it was edited from is lost"
    merged = merge(base, file.text, new)
    return merged.text, merged.conflicts, "edited by hand where the new text differs too"


def _carry_both(file: File, new: str, stored: str) -> tuple[str | None, tuple[Conflict, ...], str]:
    """Carry the edits of two branches, whose files and base texts git merged alike.

    Each side's edits are what its file differs in from its base; both are made to the new
    text, and then joined. Text that git merged in both places is no edit on either side.
    """
    results = []
    for base, mine in zip(_both(stored), _both(file.text), strict=True):
        merged = merge(base, mine, new)
        if merged.text is None:
            return None, merged.conflicts, "two branches edited it, and it cannot be merged"
        results.append(merged.text)
    joined = merge(new, *results)
    return joined.text, joined.conflicts, "two branches edited it differently"


def _both(text: str) -> tuple[str, str]:
    """The two sides of a text, alike where git left no conflict in it."""
    return sides(text) or (text, text)


def _foreign(file: File, why: str) -> Decision:
    """Leave a file that is the user's."""
    return Decision(path=file.path, status=Status.FOREIGN, why=why, file=file)


def _orphan(file: File, known: Known, force: bool) -> Decision:
    """Decide about a file that is not rendered any more."""
    gone = Decision(path=file.path, status=Status.REMOVED, file=file)
    if not file.exists:
        return replace(gone, why="it was gone already")
    if file.blocked:
        return replace(gone, status=Status.KEPT, why=f"no longer generated, but {file.blocked}")
    if known.unedited(file):
        return replace(gone, why="no longer generated", remove=True)
    if force:
        return replace(gone, why="no longer generated; by --force", remove=True, backup=True)
    why = "no longer generated, but edited by hand: from now on it is yours"
    return replace(gone, status=Status.KEPT, why=why)
