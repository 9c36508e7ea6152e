"""Gets one file of a model: out of the cache, or into it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.archive import size_text
from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.files import sha256, write_atomically
from . import locks
from .cache import Cache, Entry
from .download import Fetched, fetch
from .eviction import make_room
from .found import Wanted
from .origin import Origin
from .part import Identity, Part
from .progress import Progress
from .workers import Limits


class WrongContent(Exception):  # noqa: N818 - something bad was measured, which is no error
    """What came is not what was wanted."""

    def __init__(self, what: str, where: str, why: str, following: str) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.next = following


@dataclass(frozen=True, kw_only=True)
class Obtained:
    """A file that is there, its digest computed. `entry` is None for a file of this machine."""

    name: str
    path: Path
    sha256: str
    size: int
    downloaded: int
    cached: bool
    entry: Entry | None = None


@dataclass(frozen=True, kw_only=True)
class Obtaining:
    """How files are obtained. `cache_limit` is in bytes, 0 for none."""

    cache: Cache
    limits: Limits
    cache_limit: int
    ci: Dialect

    def obtain(self, wanted: Wanted, stack: ExitStack) -> Obtained:
        """The file, trusted. While `stack` is open nobody removes it from the cache.

        Raises WrongContent, ActionError, OSError.
        """
        if wanted.path is not None:
            return self._local(wanted, wanted.path)
        if wanted.origin is None or not wanted.sha256:
            raise AssertionError("a file from elsewhere has an origin and a digest")
        entry = self.cache.entry(wanted.sha256)
        downloaded, cached = 0, True
        while not self._kept(wanted, entry, stack):
            with self._lock(wanted, shared=False):
                there = entry.trusted or self._verified(entry, wanted.name)
                if not there:
                    downloaded += self._download(wanted, wanted.origin, entry)
                    cached = False
                entry.touch()
        return Obtained(
            name=wanted.name,
            path=entry.file,
            sha256=wanted.sha256,
            size=entry.size,
            downloaded=downloaded,
            cached=cached,
            entry=entry,
        )

    def _kept(self, wanted: Wanted, entry: Entry, stack: ExitStack) -> bool:
        """Whether it is in the cache, and stays there."""
        with ExitStack() as mine:
            mine.enter_context(self._lock(wanted, shared=True))
            if not entry.trusted:
                return False
            entry.touch()
            stack.push(mine.pop_all())
        return True

    def _lock(self, wanted: Wanted, *, shared: bool) -> AbstractContextManager[None]:
        return locks.held(
            self.cache.lock(wanted.sha256),
            shared=shared,
            deadline=self.limits.deadline,
            waiting=lambda seconds: self.ci.log(
                f"{wanted.name}: another job is at it; waiting"
                + (f" since {seconds:.0f} s" if seconds >= 1 else "")
            ),
        )

    def _verified(self, entry: Entry, name: str) -> bool:
        """Whether a file that lies there without a valid marker is the right one after all."""
        if not entry.file.is_file():
            return False
        self.ci.log(f"{name}: its file in the cache is not marked as verified; reading it")
        return entry.verify()

    def _download(self, wanted: Wanted, origin: Origin, entry: Entry) -> int:
        self.ci.log(f"{wanted.name}: not in the cache; fetching it from {origin.shown}")
        folder = self.cache.incoming(entry.digest)
        part = Part(folder)
        try:
            downloaded = self._right(wanted, origin, part)
            self.cache.adopt(part.path, entry.digest)
        except OSError as error:
            raise refused(error, folder) from None
        finally:
            part.close()
        shutil.rmtree(folder, ignore_errors=True)
        return downloaded

    def _right(self, wanted: Wanted, origin: Origin, part: Part) -> int:
        """Fetch until the digest is right; how many bytes came. Raises WrongContent."""
        downloaded = 0
        earlier = ""
        while True:
            fetched = self._fetch(wanted, origin, part)
            downloaded += fetched.downloaded
            if fetched.sha256 == wanted.sha256:
                return downloaded
            part.begin(Identity(url=origin.shown, size=None))
            if fetched.resumed:
                self.ci.log(f"{wanted.name}: what an earlier run left does not fit; beginning anew")
                continue
            if earlier:
                raise _wrong(wanted, origin, fetched, earlier)
            self.ci.log(
                f"{wanted.name}: its SHA-256 is {fetched.sha256}, not {wanted.sha256}; "
                "fetching it once more"
            )
            earlier = fetched.sha256

    def _fetch(self, wanted: Wanted, origin: Origin, part: Part) -> Fetched:
        if part.total:
            self.ci.log(f"{wanted.name}: {size_text(part.total)} are there from an earlier run")
        progress = Progress(self.ci, wanted.name)
        try:
            return fetch(
                origin,
                part,
                self.limits,
                trusted=True,
                room=lambda needed: make_room(self.cache, needed, self.cache_limit, self.ci.log),
                progress=progress.tick,
                say=self.ci.log,
            )
        finally:
            progress.end()

    def _local(self, wanted: Wanted, path: Path) -> Obtained:
        if not path.is_file():
            raise UsageError(
                f"there is no file {path}",
                where="input source",
                next="see that the path is right; it is relative to the checkout",
            )
        found = known_digest(path, self.cache)
        if wanted.sha256 not in ("", found):
            raise WrongContent(
                f"{wanted.name} is another file than the one that is wanted",
                str(path),
                f"its SHA-256 is {found}, and should be {wanted.sha256}",
                "see which one is right: the file, or the digest",
            )
        size = path.stat().st_size
        return Obtained(
            name=wanted.name, path=path, sha256=found, size=size, downloaded=0, cached=True
        )


def known_digest(path: Path, cache: Cache) -> str:
    """The SHA-256 of a file of this machine, computed once as long as it stays as it is."""
    whole = path.resolve()
    note = cache.root / "known" / f"{hashlib.sha256(os.fsencode(whole)).hexdigest()}.json"
    found = whole.stat()
    stamp = {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "inode": found.st_ino}
    try:
        told: Any = json.loads(note.read_bytes())
        digest = told.pop("sha256")
        if told == stamp and isinstance(digest, str) and len(digest) == 64:
            return digest
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        pass
    digest = sha256(whole)
    write_atomically(note, json.dumps({**stamp, "sha256": digest}) + "\n")
    return digest


def refused(error: OSError, folder: Path) -> CannotDecide:
    """What it means that the disk did not take the model."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return CannotDecide(
        "the disk is full" if full else "the model could not be written",
        where=str(folder),
        why=error.strerror or str(error),
        next="free space there, or name a folder on another disk in the input cache, and run "
        "again: what was fetched so far is kept",
    )


def _wrong(wanted: Wanted, origin: Origin, fetched: Fetched, earlier: str) -> WrongContent:
    twice = "twice" if fetched.sha256 == earlier else f"and before that {earlier}"
    return WrongContent(
        f"{wanted.name} is another file than the one that is wanted",
        origin.shown,
        f"its SHA-256 is {fetched.sha256} ({twice}), and should be {wanted.sha256}; it has "
        f"{fetched.size:,} bytes",
        "see which one is right: the file there, or the digest; do not use the file until then",
    )
