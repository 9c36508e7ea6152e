"""Locks that end with the process that holds them, however it ends (flock)."""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import CannotDecide

WAIT_SECONDS = 300.0
"""How long a change of some milliseconds is waited for before somebody is told."""


@contextmanager
def held(path: Path, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock at `path`. Raises CannotDecide after `wait` seconds, OSError."""
    deadline = time.monotonic() + wait
    while True:
        handle = _taken(path)
        if handle is not None:
            break
        if time.monotonic() > deadline:
            raise CannotDecide(
                "somebody else changes the registry and does not end",
                where=str(path),
                why=f"the lock was held for {wait:.0f} s by {_holder(path)}",
                next="end that process, then run again",
            )
        time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - no secret
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.uname().nodename} {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _taken(path: Path) -> int | None:
    """The handle of the lock, None while somebody else has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been removed between the opening and the locking.
        if os.fstat(handle).st_nlink and os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock. Raises OSError."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _holder(path: Path) -> str:
    try:
        host, _, pid = path.read_text(encoding="utf-8").strip().partition(" ")
    except (OSError, ValueError):
        return "an unknown process"
    return f"process {pid} of {host}" if pid.isdigit() else "an unknown process"
