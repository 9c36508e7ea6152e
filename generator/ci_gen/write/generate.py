"""Carrying decisions out: the one function that changes the user's repository."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ci_gen.errors import DRIFT, Drift, Undecided
from ci_gen.write import journal as journals
from ci_gen.write import lock as locks
from ci_gen.write.assess import Assessment, Rendering, assess
from ci_gen.write.atomic import Change, Staged, commit, remove_leftovers, stage, sync_folder
from ci_gen.write.disk import files_below, read
from ci_gen.write.guard import PATIENCE, exclusive
from ci_gen.write.journal import Journal, Step
from ci_gen.write.paths import real_path
from ci_gen.write.plan import Choices, Decision
from ci_gen.write.root import BACKUP, BASE, CONFLICTS, LOCK, PENDING, STATE

_RECORDS = {
    # Nothing that belongs to one machine or one moment is committed.
    ".gitignore": "/pending.json\n/conflicts/\n/backup/\n.ci-gen-tmp-*\n",
    ".gitattributes": "* text=auto eol=lf linguist-generated\n",
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was done, or with a dry run would be."""

    decisions: tuple[Decision, ...]
    notes: tuple[str, ...]
    texts: Mapping[str, str]
    changed: bool

    @property
    def exit_status(self) -> int:
        """4 where a file was left because somebody else changed it, else 0."""
        return DRIFT if any(one.status.unresolved for one in self.decisions) else 0


def generate(
    root: str,
    render: Callable[[], Rendering],
    choices: Choices | None = None,
    *,
    dry_run: bool = False,
    say: Callable[[str], None] = lambda _: None,
    patience: float = PATIENCE,
) -> Outcome:
    """Render everything and bring the repository at `root` up to date.

    Every file is decided about before one is written. Each ends old or new, whatever stops
    the run; the next one finds out and goes on. `render` is called once the repository is
    held, so that it reads the config that no other run is about to replace; `say` tells
    a waiting user why. Raises UsageError, Busy, Undecided (a full disk, for one; nothing
    has changed then) and Drift (a file changed while this ran).
    """
    root = os.path.realpath(root)
    if dry_run:
        found = assess(root, render(), choices)
        return _outcome(found, changed=bool(_changes(found)))
    with exclusive(root, say, patience):
        found = assess(root, render(), choices)
        remove_leftovers(_folders(found))
        changes = _changes(found)
        if changes:
            _carry_out(found, changes)
        if changes or found.journal:
            _forget(root)
        return _outcome(found, changed=bool(changes))


def _outcome(found: Assessment, *, changed: bool) -> Outcome:
    return Outcome(
        decisions=found.decisions,
        notes=tuple(found.notes()),
        texts=found.rendering.texts,
        changed=changed,
    )


def _carry_out(found: Assessment, changes: list[Change]) -> None:
    """Announce the changes in the journal, stage all of them, then put them in place."""
    pending = _change(found.root, PENDING, journals.dumps(_journal(found)))
    had_journal = found.journal is not None
    try:
        commit(stage([pending]), found.root)
        staged = stage(changes)
    except OSError as error:
        if not had_journal:
            _forget(found.root)
        raise _refused(error, "Nothing was changed.") from error
    try:
        _refuse_moved(found)
    except BaseException:
        staged.discard()
        if not had_journal:
            _forget(found.root)
        raise
    _put_in_place(found.root, staged)


def _put_in_place(root: str, staged: Staged) -> None:
    try:
        commit(staged, root)
    except OSError as error:
        hint = "Some files are new and some old: run `ci-gen generate` again to finish."
        raise _refused(error, hint) from error


def _refuse_moved(found: Assessment) -> None:
    """Raise Drift where a file changed between being read and being replaced."""
    for decision in found.decisions:
        now = read(found.root, decision.path)
        if now.data != decision.file.data or now.real != decision.file.real:
            raise Drift(
                f"{decision.path} was changed by another program while this ran.",
                "Nothing was written. Run `ci-gen generate` again.",
            )


def _refused(error: OSError, hint: str) -> Undecided:
    """What to tell of a write that the system refused."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return Undecided(f"the disk is full ({error.strerror}).", hint)
    where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    return Undecided(f"cannot write: {where}{error.strerror}.", hint)


def _forget(root: str) -> None:
    """Remove the journal: nothing is pending any more."""
    Path(root, PENDING).unlink(missing_ok=True)
    # Should the removal not last through a power cut, the next run finds nothing left to do.
    with suppress(OSError):
        sync_folder(f"{root}/{STATE}")


def _journal(found: Assessment) -> Journal:
    """What this run is about to do, and the records that will hold afterwards."""
    steps, bases = {}, {}
    for one in found.decisions:
        recorded = found.old.entries(one.path) if found.old else ()
        touched = one.text is not None or one.remove
        if not touched and recorded == ((one.entry,) if one.entry else ()):
            continue
        new = one.file.digest if not touched else one.entry.disk if one.entry else None
        steps[one.path] = Step(one.file.digest, new, one.entry)
        if one.entry and one.base is not None:
            bases[one.path] = one.base
    return Journal(steps, bases)


def _changes(found: Assessment) -> list[Change]:
    """Everything to write or remove, in the order of the renames.

    Copies of what is about to go come first, then the user's files; base texts and the lock
    follow, because the journal stands for them until they are there.
    """
    root, decisions = found.root, found.decisions
    changes = [_backup(root, one) for one in decisions if one.backup]
    for one in decisions:
        if one.text is not None:
            changes.append(Change(one.file.real, one.file.encode(one.text)))
        elif one.remove:
            changes.append(Change(os.path.join(root, one.path), None))
    beside = {one.path: one.beside for one in decisions if one.beside is not None}
    changes += _mirror(root, CONFLICTS, beside)
    bases = {one.path: one.base for one in decisions if one.base is not None}
    changes += _mirror(root, BASE, bases)
    changes += [
        _change(root, f"{STATE}/{name}", text)
        for name, text in _RECORDS.items()
        if not read(root, f"{STATE}/{name}").exists
    ]
    text = locks.dumps(found.lock)
    file = read(root, LOCK)
    if not file.exists or file.text != text:
        changes.append(_change(root, LOCK, text))
    return changes


def _mirror(root: str, folder: str, texts: dict[str, str]) -> Iterator[Change]:
    """The changes after which `folder` holds these texts and nothing else."""
    for path, text in sorted(texts.items()):
        file = read(root, f"{folder}/{path}")
        if not file.exists or file.text != text:
            yield _change(root, f"{folder}/{path}", text)
    for path in files_below(root, folder):
        if path not in texts:
            yield Change(os.path.join(root, folder, path), None)


def _change(root: str, path: str, text: str) -> Change:
    """Write one of ci-gen's own records; raises Undecided where something is in the way."""
    real, blocked = real_path(root, path)
    if blocked:
        raise Undecided(f"{path} {blocked}.", f"ci-gen keeps its records in {STATE}: clear it.")
    return Change(real, text.encode("utf-8", "surrogateescape"))


def _backup(root: str, one: Decision) -> Change:
    """Keep the bytes that `one` replaces under a name that is still free."""
    number = 0
    while True:
        suffix = f".{number}" if number else ""
        file = read(root, f"{BACKUP}/{one.path}{suffix}")
        if file.data == one.file.data or not (file.exists or file.blocked):
            return Change(file.real, one.file.data)
        number += 1


def _folders(found: Assessment) -> set[str]:
    """Every folder that a run may have left unfinished files in."""
    folders = {os.path.dirname(file.real) for file in found.files.values()}
    return folders | {folder for folder, _, _ in os.walk(f"{found.root}/{STATE}")}
