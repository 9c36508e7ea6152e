"""The models of a machine, by content: <root>/sha256/<hex>/{model.gguf, verified.json, lease}.

A file is trusted only by `verified.json`, which is written after its digest was computed and
holds what the system tells of exactly this file; no byte is read again. What is being fetched lies
in <root>/incoming/<key>, locks in <root>/locks.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.environment import cache_folders
from ..core.errors import CannotDecide, UsageError
from ..core.files import sha256, write_atomically

FILE = "model.gguf"
_MARKER = "verified.json"
_LEASE = "lease"
_USED = "used"


@dataclass(frozen=True)
class Entry:
    """The place of one digest."""

    folder: Path
    digest: str

    @property
    def file(self) -> Path:
        """The file itself."""
        return self.folder / FILE

    @property
    def trusted(self) -> bool:
        """Whether it is there, and is the file whose digest was computed."""
        try:
            told = json.loads((self.folder / _MARKER).read_bytes())
            return bool(told == {"sha256": self.digest, **_stamp(self.file)})
        except (OSError, ValueError):
            return False

    @property
    def size(self) -> int:
        """The bytes that it takes, 0 where there is none."""
        try:
            return self.file.stat().st_size
        except OSError:
            return 0

    @property
    def used(self) -> float:
        """When it was last used, on the system's clock."""
        for name in (_USED, FILE):
            try:
                return (self.folder / name).stat().st_mtime
            except OSError:
                continue
        return 0.0

    def in_use(self, now: float) -> bool:
        """Whether a link to it exists, or a lease of it has not ended."""
        try:
            if self.file.stat().st_nlink > 1:
                return True
            return float((self.folder / _LEASE).read_text("ascii")) > now
        except (OSError, ValueError):
            return False

    def verify(self) -> bool:
        """Read the file; trust it where it has its digest, remove it where not. Raises OSError."""
        if not self.file.is_file():
            return False
        if sha256(self.file) != self.digest:
            self.file.unlink()
            return False
        self.trust()
        return True

    def trust(self) -> None:
        """Write down that the file's digest was computed. Raises OSError."""
        # A job that writes into a hard link would change it for all others.
        self.file.chmod(0o444)
        told = {"sha256": self.digest, **_stamp(self.file)}
        write_atomically(self.folder / _MARKER, json.dumps(told, sort_keys=True) + "\n")

    def touch(self) -> None:
        """Now it is used. Raises OSError."""
        (self.folder / _USED).touch()

    def lease(self, seconds: float) -> None:
        """It stays in use for so long, or for as long as an earlier lease. Raises OSError."""
        until = time.time() + seconds
        path = self.folder / _LEASE
        with contextlib.suppress(OSError, ValueError):
            until = max(until, float(path.read_text("ascii")))
        write_atomically(path, f"{until:.0f}\n")


class Cache:
    """The cache at `root`. Raises CannotDecide where it cannot be written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            for each in ("sha256", "incoming", "locks"):
                (root / each).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotDecide(
                "the cache of models cannot be written",
                where=str(root),
                why=error.strerror or str(error),
                next="name another folder in the input cache",
            ) from None

    def entry(self, digest: str) -> Entry:
        """The place of a digest in hex."""
        return Entry(self.root / "sha256" / digest, digest)

    def entries(self) -> list[Entry]:
        """All that are there."""
        with os.scandir(self.root / "sha256") as found:
            return [Entry(Path(each.path), each.name) for each in found if each.is_dir()]

    def incoming(self, key: str) -> Path:
        """The folder of what is being fetched under a key."""
        return self.root / "incoming" / key

    def lock(self, key: str) -> Path:
        """The lock of a digest, or of what is being fetched under a key."""
        return self.root / "locks" / f"{key}.lock"

    def adopt(self, part: Path, digest: str) -> Entry:
        """Take the file `part`, whose digest was computed. Raises OSError."""
        entry = self.entry(digest)
        entry.folder.mkdir(parents=True, exist_ok=True)
        part.replace(entry.file)
        entry.trust()
        entry.touch()
        return entry


def place_of(named: str, workspace: Path, environ: Mapping[str, str]) -> Path:
    """The cache's folder: the one that was named, else ci-gen's own. Raises UsageError."""
    if named:
        return Path(os.path.normpath(workspace / Path(named).expanduser()))
    folders = cache_folders(environ)
    if not folders:
        raise UsageError(
            "there is no folder for models",
            why="neither HOME nor XDG_CACHE_HOME nor CI_GEN_CACHE is set",
            next="name one in the input cache",
        )
    return folders[0] / "models"


def _stamp(path: Path) -> dict[str, Any]:
    found = path.lstat()
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "inode": found.st_ino}
