"""Locks between the jobs of a machine: a process that dies, however, lets go of them."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import CannotDecide

_POLL = 0.1
_SAY_EVERY = 10.0


@contextmanager
def held(
    path: Path,
    *,
    shared: bool = False,
    deadline: float | None = None,
    waiting: Callable[[float], None] = lambda _seconds: None,
) -> Iterator[None]:
    """Hold the lock of the file `path`; wait for it until `deadline` (monotonic; None: for ever).

    `waiting` is told every ten seconds, and at first, how long it has waited. Raises CannotDecide
    where the time is up, OSError.
    """
    handle = _open(path)
    try:
        _wait(handle, path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, deadline, waiting)
        yield
    finally:
        os.close(handle)


@contextmanager
def at_once(path: Path) -> Iterator[bool]:
    """Hold the lock if nobody has it; whether that is so."""
    handle = _open(path)
    try:
        yield _try(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Others of the machine may hold the same cache: the lock is theirs, too.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _wait(
    handle: int,
    path: Path,
    kind: int,
    deadline: float | None,
    waiting: Callable[[float], None],
) -> None:
    begun = time.monotonic()
    said = begun - _SAY_EVERY
    while not _try(handle, kind):
        now = time.monotonic()
        if deadline is not None and now > deadline:
            raise CannotDecide(
                "the time is up: another job still fetches the model",
                where=str(path),
                why=f"it holds the lock since {now - begun:.0f} s at least",
                next="run again later, or look at that job; a job that died holds no lock",
            )
        if now - said >= _SAY_EVERY:
            waiting(now - begun)
            said = now
        time.sleep(_POLL)
