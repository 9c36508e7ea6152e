"""A private folder for one run, gone when the run ends.

A run that is killed at once cannot clean up. Its folder is recognised by its lock, which the
kernel gave back, and the next run of the same user removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

LOCK = "lock"


@contextlib.contextmanager
def private_folder(environ: Mapping[str, str], prefix: str) -> Iterator[Path]:
    """A new folder that nobody else can read (0700), removed at the end, whatever the end is.

    `prefix` begins its name, and tells the folders of one kind of run from others.
    """
    top = Path(environ.get("RUNNER_TEMP") or tempfile.gettempdir())
    remove_abandoned(top, prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=top))
    try:
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(handle)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(top: Path, prefix: str) -> list[str]:
    """Remove the folders of killed runs of this user; their names."""
    removed = []
    for folder in top.glob(f"{prefix}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    return removed


def _is_abandoned(folder: Path) -> bool:
    try:
        if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
            return False
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False  # not ours, gone, or so new that it has no lock yet
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
