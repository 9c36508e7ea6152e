"""Where bytes come from, whatever brings them: what the download asks of it."""

from __future__ import annotations

from typing import Protocol

from .part import Identity


class Stream(Protocol):
    """An answer that is being read. `start` is the position of its first byte."""

    identity: Identity
    start: int
    partial: bool
    """Whether it is the range that was asked for; else the whole file from its beginning."""

    def read(self) -> bytes:
        """The next bytes as they come, b"" at the end. Raises Failure."""

    def stop(self) -> None:
        """Let a read in another thread end at once."""

    def close(self) -> None:
        """Give the connection back."""


class Origin(Protocol):
    """A file somewhere else."""

    @property
    def shown(self) -> str:
        """Its address without anything secret."""

    def open(self, start: int, end: int | None, validator: str) -> Stream:
        """Ask for the bytes from `start` to before `end` (None: to the end), if `validator` holds.

        Raises Failure, or Changed where the file cannot be the one that was begun.
        """
