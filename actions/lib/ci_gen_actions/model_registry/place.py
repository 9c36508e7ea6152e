"""The files of one model in a folder, and how they are written so that a kill leaves them whole.

models/<name>/v1.1/{model.gguf, metadata.json, performance_report.json}
models/<name>/latest -> v1.1                 a pointer, as is each other one
models/<name>/.ci-gen/versions.jsonl         what was published, with digests
models/<name>/.ci-gen/history.jsonl          every move of a pointer
models/<name>/.ci-gen/lock                   held while something is changed
models/<name>/.ci-gen/staging/               what is being published, and its locks
models/<name>/.ci-gen/trash/                 what is being removed
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import CannotDecide
from . import history, ledger, names
from .history import Move
from .ledger import Ledger
from .locks import held

OWN = ".ci-gen"
_NEXT = "next"


class Place:
    """The folder of one model below the registry's; nothing is created by looking."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.folder = root / names.model_name(name)
        self.own = self.folder / OWN
        self.staging = self.own / "staging"
        self.trash = self.own / "trash"

    @property
    def exists(self) -> bool:
        """Whether there is such a model: a version of it, or a record of one."""
        return self.folder.is_dir() and bool(self.versions() or self.ledger().rows)

    def version(self, version: str) -> Path:
        """The folder of a version."""
        return self.folder / names.folder_name(version)

    def versions(self) -> tuple[str, ...]:
        """The versions whose folders are there, in no order. Raises OSError."""
        try:
            with os.scandir(self.folder) as entries:
                folders = [each.name for each in entries if each.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return ()
        return tuple(found for each in folders if (found := names.version_of(each)))

    def pointers(self) -> dict[str, str]:
        """What each pointer names, "" where that is no version's folder. Raises OSError."""
        try:
            with os.scandir(self.folder) as entries:
                links = [each.name for each in entries if each.is_symlink()]
        except FileNotFoundError:
            return {}
        return {each: self.target(each) for each in sorted(links) if names.is_pointer(each)}

    def target(self, pointer: str) -> str:
        """The version that a pointer names, "" where it is not there or leads elsewhere."""
        try:
            link = str((self.folder / pointer).readlink())
        except OSError:
            return ""
        return names.version_of(link.rstrip("/"))

    def ledger(self) -> Ledger:
        """What was published. Raises OSError."""
        return ledger.parse(_bytes(self.own / ledger.NAME))

    def moves(self) -> tuple[Move, ...]:
        """Every move that was begun. Raises OSError."""
        return history.parse(_bytes(self.own / history.NAME))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the model's folder. Raises CannotDecide where somebody else stays in it."""
        self.own.mkdir(parents=True, exist_ok=True)
        with held(self.own / "lock"):
            yield

    def record(self, line: str) -> None:
        """Add a line to the ledger, durably; with the lock held."""
        append(self.own / ledger.NAME, line)

    def point(self, move: Move) -> None:
        """Write the move down, then let the pointer name the version; with the lock held."""
        append(self.own / history.NAME, history.line(move))
        link = self.folder / move.pointer
        if not link.is_symlink() and link.exists():
            raise CannotDecide(
                f"{move.pointer} of {self.name} is no pointer",
                where=str(link),
                why="a file or folder of that name is in the way",
                next="move it elsewhere",
            )
        following = self.own / _NEXT
        following.unlink(missing_ok=True)
        following.symlink_to(names.folder_name(move.version))
        following.replace(link)
        sync(self.folder)


def append(path: Path, line: str) -> None:
    """Add a line to a file so that it is there when this returns. Raises OSError."""
    new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(handle).st_size
        # A machine that died may have left half a line: it must not swallow this one.
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        data = (("\n" if torn else "") + line).encode()
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if new:
        sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def regular(path: Path) -> os.stat_result | None:
    """What the system tells of a regular file, None for anything else."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
