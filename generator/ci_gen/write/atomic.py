"""Changing files so that each is old or new at every moment, whatever stops the run.

First every new text is written beside its file under a temporary name and synced; only
when all of them are on disk does the first rename happen. A full disk is thus found out
while nothing has changed yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ci_gen.write.root import TEMPORARY

_BINARY = getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class Change:
    """What is to lie at the absolute path `target`: `data`, or nothing where it is None."""

    target: str
    data: bytes | None

    @property
    def folder(self) -> str:
        """Where the file and its temporary twin lie."""
        return os.path.dirname(self.target)

    @property
    def temporary(self) -> str:
        """The name of the unfinished file."""
        name = os.path.basename(self.target)
        mark = sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return os.path.join(self.folder, f"{TEMPORARY}{mark}")


@dataclass
class Staged:
    """Changes whose new texts are on disk under temporary names, and the folders made."""

    changes: Sequence[Change]
    folders: list[str] = field(default_factory=list)

    def discard(self) -> None:
        """Leave no trace of a run that changed nothing."""
        for change in self.changes:
            with suppress(OSError):
                os.unlink(change.temporary)
        for folder in reversed(self.folders):
            with suppress(OSError):
                os.rmdir(folder)


def stage(changes: Sequence[Change]) -> Staged:
    """Write every new text beside its file; raises OSError, and then nothing is left behind."""
    staged = Staged(changes)
    try:
        writes = [change for change in changes if change.data is not None]
        for change in writes:
            _make_folders(change.folder, staged.folders)
            _write(change)
        # Synced in a second round: the first sync carries most of the other files with it.
        for change in writes:
            _sync_file(change.temporary)
    except BaseException:
        staged.discard()
        raise
    return staged


def commit(staged: Staged, top: str) -> None:
    """Put every change in place, in order; folders emptied below `top` are removed."""
    for change in staged.changes:
        if change.data is not None:
            os.replace(change.temporary, change.target)
        else:
            with suppress(FileNotFoundError):
                os.unlink(change.target)
    for folder in dict.fromkeys(change.folder for change in staged.changes):
        sync_folder(folder)
    for change in staged.changes:
        if change.data is None:
            _remove_empty(change.folder, top)


def remove_leftovers(folders: Iterable[str]) -> int:
    """Delete the unfinished files of a killed run in `folders`; returns how many."""
    count = 0
    for folder in sorted(set(folders)):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if name.startswith(TEMPORARY):
                os.unlink(os.path.join(folder, name))
                count += 1
    return count


def sync_folder(folder: str) -> None:
    """Make the names in `folder` last through a power cut, where the system can."""
    if os.name == "nt" or not os.path.isdir(folder):
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(change: Change) -> None:
    """Write the temporary twin, with the mode of the file that it replaces."""
    data = change.data or b""
    # A script is born executable; umask takes away what the user does not grant.
    mode = 0o777 if data.startswith(b"#!") else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY
    handle = os.open(change.temporary, flags, mode)
    try:
        with suppress(FileNotFoundError):
            os.chmod(change.temporary, Path(change.target).stat().st_mode & 0o7777)
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
    finally:
        os.close(handle)


def _sync_file(path: str) -> None:
    handle = os.open(path, os.O_RDWR | _BINARY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_folders(folder: str, made: list[str]) -> None:
    """Make `folder` and what is missing above it; `made` receives each, outermost first."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        os.mkdir(path)
        made.append(path)


def _remove_empty(folder: str, top: str) -> None:
    """Remove `folder` and those above it, up to `top`, while they are empty."""
    while folder.startswith(top.rstrip(os.sep) + os.sep):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)
