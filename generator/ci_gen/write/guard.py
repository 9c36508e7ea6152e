"""One generate at a time in a repository.

The lock belongs to the operating system, not to a file's existence, so a killed run never
leaves one behind.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ci_gen.errors import Busy, Undecided
from ci_gen.write.root import STATE

PATIENCE = 10.0
"""How long a second run waits for the first, in seconds."""


@contextmanager
def exclusive(root: str, say: Callable[[str], None], patience: float = PATIENCE) -> Iterator[None]:
    """Hold the repository for as long as the block runs.

    Says through `say` that it waits; raises Busy after `patience` seconds.
    """
    handle = _try(root)
    if handle is None:
        say(f"another ci-gen is at work in {root}; waiting for it ...")
        deadline = time.monotonic() + patience
        while handle is None and time.monotonic() < deadline:
            time.sleep(0.05)
            handle = _try(root)
    if handle is None:
        raise Busy(
            f"another ci-gen has been at work in {root} for more than {patience:g} seconds.",
            "Nothing was changed. Wait for it to end, or stop it, and run this again.",
        )
    try:
        yield
    finally:
        os.close(handle)


def is_held(root: str) -> bool:
    """Whether a run of generate is at work in the repository at this moment."""
    if not os.path.isdir(f"{root}/{STATE}"):
        return False
    handle = _try(root)
    if handle is not None:
        os.close(handle)
    return handle is None


if sys.platform == "win32":
    import hashlib
    import msvcrt
    import tempfile

    def _try(root: str) -> int | None:
        """Take the lock, on a file outside of the repository: folders cannot be locked."""
        os.makedirs(f"{root}/{STATE}", exist_ok=True)
        name = hashlib.sha256(os.path.normcase(os.path.realpath(root)).encode()).hexdigest()
        path = os.path.join(tempfile.gettempdir(), f"ci-gen-{name[:32]}.lock")
        handle = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            os.close(handle)
            return None
        return handle

else:
    import fcntl

    def _try(root: str) -> int | None:
        """Take the lock on the folder of ci-gen's records."""
        folder = f"{root}/{STATE}"
        os.makedirs(folder, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Somebody may have put another folder in its place in the meantime.
            if os.path.samestat(os.fstat(handle), os.stat(folder)):
                return handle
        except BlockingIOError:
            pass
        except OSError as error:
            os.close(handle)
            raise Undecided(f"cannot lock {folder}: {error.strerror}.") from error
        os.close(handle)
        return None
