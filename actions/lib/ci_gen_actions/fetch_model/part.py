"""A file that is being fetched: its bytes, and a journal of which of them are there.

The journal is written after the bytes, so that a process that is killed leaves it true. A machine
that dies may leave it ahead of the disk; the digest of the whole finds that out.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .ranges import Ranges

_DATA = "part"
_JOURNAL = "journal"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What is being fetched: the address, its size and what the server calls this state of it.

    `etag` and `modified` are "" where the server does not tell. `size` is None where it is not
    told before the end.
    """

    url: str
    size: int | None
    etag: str = ""
    modified: str = ""

    @property
    def validator(self) -> str:
        """What If-Range may carry: a strong ETag, else the date (RFC 9110, 13.1.5)."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.modified

    def same(self, other: Identity) -> bool:
        """Whether both are one state of one file, as far as they tell."""
        if None not in (self.size, other.size) and self.size != other.size:
            return False
        if self.etag and other.etag:
            return self.etag == other.etag
        return not (self.modified and other.modified) or self.modified == other.modified


class Part:
    """The part in `folder`, which one process has at a time. Methods raise OSError.

    `identity` is None until something was begun.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / _DATA
        self._data = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._journal = -1
        self.identity: Identity | None = None
        self.ranges = Ranges()
        self._read_journal()

    def begin(self, identity: Identity) -> None:
        """Start anew: nothing is there any more."""
        with self._mutex:
            self._close_journal()
            os.ftruncate(self._data, 0)
            self.ranges = Ranges()
            self.identity = identity
            unfinished = self._folder / f"{_JOURNAL}.new"
            unfinished.write_text(json.dumps(asdict(identity)) + "\n", "utf-8")
            unfinished.replace(self._folder / _JOURNAL)
            self._open_journal()

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes; they count from `commit` on."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._data, view, offset)
            view = view[written:]
            offset += written

    def commit(self, start: int, end: int) -> None:
        """The bytes from `start` to before `end` are written."""
        if end <= start:
            return
        with self._mutex:
            self.ranges.add(start, end)
            os.write(self._journal, f"[{start}, {end}]\n".encode())

    def read(self, offset: int, count: int) -> bytes:
        """Bytes that are there."""
        return os.pread(self._data, count, offset)

    @property
    def prefix(self) -> int:
        """How many bytes are there from the beginning on."""
        with self._mutex:
            return self.ranges.prefix

    @property
    def total(self) -> int:
        """How many bytes are there."""
        with self._mutex:
            return self.ranges.total

    def gaps(self, size: int) -> list[tuple[int, int]]:
        """What is missing."""
        with self._mutex:
            return list(self.ranges.gaps(size))

    def close(self) -> None:
        """Let go of the files; they stay."""
        self._close_journal()
        if self._data >= 0:
            os.close(self._data)
            self._data = -1

    def flush(self) -> None:
        """Make what was written durable."""
        os.fdatasync(self._data)

    def finish(self, size: int) -> None:
        """The file is whole: cut it to its size and make it durable."""
        os.ftruncate(self._data, size)
        os.fsync(self._data)

    def _read_journal(self) -> None:
        try:
            lines = (self._folder / _JOURNAL).read_bytes().splitlines()
        except FileNotFoundError:
            return
        identity, ranges = _parsed(lines)
        if identity is None:
            return
        # A copy of the folder may hold less of the data than its journal says.
        there = os.fstat(self._data).st_size
        for start, end in ranges:
            self.ranges.add(start, min(end, there))
        self.identity = identity
        self._open_journal()

    def _open_journal(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._journal = os.open(self._folder / _JOURNAL, flags, 0o644)
        os.write(self._journal, b"\n")  # the line before may have been cut by a kill

    def _close_journal(self) -> None:
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1


def _parsed(lines: list[bytes]) -> tuple[Identity | None, list[tuple[int, int]]]:
    """The journal's contents; None where its head is not to be read. Torn lines count nothing."""
    values = [_json(line) for line in lines if line.strip()]
    head = values[0] if values else None
    if not isinstance(head, dict):
        return None, []
    url, size = head.get("url"), head.get("size")
    etag, modified = head.get("etag"), head.get("modified")
    told = isinstance(size, int) and size >= 0
    if not (isinstance(url, str) and told and isinstance(etag, str) and isinstance(modified, str)):
        return None, []
    ranges = [
        (each[0], each[1])
        for each in values[1:]
        if isinstance(each, list)
        and len(each) == 2
        and all(isinstance(number, int) for number in each)
        and 0 <= each[0] < each[1] <= size
    ]
    return Identity(url=url, size=size, etag=etag, modified=modified), ranges


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
