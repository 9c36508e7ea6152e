"""The build folder: one build at a time, and nothing stale in it.

A note in the folder says which phase is under way. It outlives a run that was killed, and
tells the next one what may be half written.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError
from ..core.files import write_atomically
from .facts import Command

_NOTE = ".ci-gen-phase"
_DIGEST = ".ci-gen-configured"
_POLL_SECONDS = 0.5


@contextmanager
def locked(build: Path, ci: Dialect, limit: float) -> Iterator[int]:
    """Hold the folder's lock; yields the descriptor for children to inherit.

    A child that outlives a killed run keeps the lock, so that a new run waits for its end.
    Raises CannotDecide where the lock is not to be had within `limit` seconds.
    """
    build.parent.mkdir(parents=True, exist_ok=True)
    path = build.with_name(f".{build.name}.lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _wait_for(handle, build, ci, limit)
        yield handle
    finally:
        os.close(handle)


def _wait_for(handle: int, build: Path, ci: Dialect, limit: float) -> None:
    deadline = time.monotonic() + limit
    said = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not said:
                ci.log(f"another build runs in {build}; waiting for its end")
                said = True
        else:
            return
        if time.monotonic() >= deadline:
            raise CannotDecide(
                f"another build has held {build} for {limit:.0f} s",
                where="input build-folder",
                why="two builds in one folder would damage each other",
                next="give each of them a build-folder of its own, or end the other one",
            )
        time.sleep(_POLL_SECONDS)


def clean(build: Path, source: Path, generator: str) -> str:
    """Delete the folder where what is in it cannot be built on; says why, "" where it stays.

    Raises UsageError for a folder with files that no CMake build left.
    """
    if not build.exists():
        return ""
    reason = _stale(build, source, generator)
    if reason:
        shutil.rmtree(build)
    return reason


def _stale(build: Path, source: Path, generator: str) -> str:
    if build.is_symlink() or not build.is_dir():
        raise _foreign(build, "it is a file or a link")
    phase = _read(build / _NOTE)
    cache = build / "CMakeCache.txt"
    if phase == "configure":
        return "the last configuration here was killed"
    if not cache.exists():
        others = [each.name for each in build.iterdir() if not each.name.startswith(".ci-gen-")]
        if others and "CMakeFiles" not in others:
            raise _foreign(build, f"it holds {sorted(others)[0]} but no CMakeCache.txt")
        return ""
    values = cache_values(build)
    home = values.get("CMAKE_HOME_DIRECTORY", "")
    if not _same(home, source):
        return f"it was configured for other sources, {home}"
    if not _same(values.get("CMAKE_CACHEFILE_DIR", ""), build):
        return f"it was moved here from {values.get('CMAKE_CACHEFILE_DIR')}"
    if values.get("CMAKE_GENERATOR") != generator:
        return f"it was configured for {values.get('CMAKE_GENERATOR')}, not {generator}"
    if phase == "build" and generator != "Ninja":
        # ninja knows which outputs it saw finished; make takes a half-written one for new
        return "the last build here was killed, which make cannot recover from"
    return ""


def _same(text: str, path: Path) -> bool:
    return bool(text) and Path(text).resolve() == path.resolve()


def _foreign(build: Path, why: str) -> UsageError:
    return UsageError(
        f"{build} is no build folder",
        where="input build-folder",
        why=why,
        next="give an empty folder or one that does not exist yet",
    )


def cache_values(build: Path) -> dict[str, str]:
    """CMakeCache.txt's values by name; empty without one."""
    lines = re.findall(r"(?m)^([^#/\s][^:=\n]*):[A-Z]+=(.*)$", _read(build / "CMakeCache.txt"))
    return {name.strip('"'): value for name, value in lines}


def cache_type(build: Path, name: str) -> str:
    """The type of a cache entry; UNINITIALIZED where no CMake file declared it, "" for none."""
    found = re.search(rf"(?m)^{re.escape(name)}:([A-Z]+)=", _read(build / "CMakeCache.txt"))
    return found[1] if found else ""


def forget_other_arguments(build: Path, command: Command) -> bool:
    """Drop what CMake remembers of arguments that differ from `command`'s; whether it did.

    CMake keeps a -D of an earlier configuration for ever. Compiled objects stay: the build
    tool knows which of them were made by other flags.
    """
    text = json.dumps([command.argv, sorted(command.environment.items())])
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    changed = (build / "CMakeCache.txt").exists() and _read(build / _DIGEST) != digest
    if changed:
        (build / "CMakeCache.txt").unlink()
        shutil.rmtree(build / "CMakeFiles", ignore_errors=True)
    build.mkdir(parents=True, exist_ok=True)
    write_atomically(build / _DIGEST, digest)
    return changed


@contextmanager
def phase(build: Path, name: str) -> Iterator[None]:
    """Note that `name` is under way, until it ends by itself: with success or not."""
    build.mkdir(parents=True, exist_ok=True)
    write_atomically(build / _NOTE, name)
    yield
    # not in a `finally`: an interrupted phase leaves things as a killed one does
    (build / _NOTE).unlink(missing_ok=True)


@contextmanager
def temporary(path: Path) -> Iterator[None]:
    """A folder for temporary files that is gone afterwards, with what a killed run left in it."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
