"""A lock on each GPU of the machine, so that two jobs do not compute on one card.

It is the kernel's (`flock`): it ends with the process that holds it, however that ends. The file
tells others who holds it; what stands in it counts only while it is locked.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import CannotDecide, UsageError

FOLDERS = ("/run/lock", "/var/tmp", "/tmp")  # noqa: S108 - shared by all users on purpose
_POLL_SECONDS = 0.5
_SAY_SECONDS = 30.0
_MOST_BYTES = 1000


def folder(given: str) -> Path:
    """Where the locks lie: `given`, else the first folder that all users of a machine can write.

    Who runs a job must not matter, so a folder of root's alone is passed over by root, too.
    Raises UsageError for a folder that is not there.
    """
    for each in (given,) if given else FOLDERS:
        with suppress(OSError):
            mode = Path(each).stat().st_mode
            if stat.S_ISDIR(mode) and (given or mode & stat.S_IWOTH):
                return Path(each)
    raise UsageError(
        f"there is no folder {given or ' or '.join(FOLDERS)} for the locks of GPUs",
        where="input gpu-lock-folder",
        next="give a folder that every job on this machine can write, also those in containers",
    )


@dataclass(frozen=True, kw_only=True)
class Held:
    """Locks that are held: their descriptors, and whether another job had to end first."""

    handles: tuple[int, ...]
    waited: bool


@contextmanager
def held(
    uuids: Sequence[str], where: Path, ci: Dialect, limit: float, who: Mapping[str, str]
) -> Iterator[Held]:
    """Hold the locks of these GPUs; children that compute on them inherit the descriptors.

    Waits for at most `limit` seconds and says for whom. `who` tells others who holds them.
    Raises CannotDecide where they are not to be had.
    """
    deadline = time.monotonic() + limit
    with ExitStack() as stack:
        handles: list[int] = []
        waited = False
        # everybody takes them in one order, so that no two jobs wait for each other
        for uuid in sorted(set(uuids)):
            path = where / f"ci-gen-{uuid.replace('/', '_')}.lock"
            handle = _open(path)
            stack.callback(os.close, handle)
            waited |= _wait_for(handle, uuid, path, ci, limit, deadline)
            _sign(handle, who)
            stack.callback(_sign, handle, {})
            handles.append(handle)
        yield Held(handles=tuple(handles), waited=waited)


def _open(path: Path) -> int:
    """The file's descriptor; it is created so that every user can open it.

    An existing one is opened without O_CREAT: in a sticky folder the kernel refuses that for
    files of others (fs.protected_regular).
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    for _ in range(100):
        try:
            return os.open(path, flags | os.O_RDWR)
        except FileNotFoundError:
            pass
        except PermissionError:
            # enough to lock it, if not to sign it
            return os.open(path, flags | os.O_RDONLY)
        try:
            handle = os.open(path, flags | os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            continue
        os.fchmod(handle, 0o666)
        return handle
    raise CannotDecide(f"{path} comes and goes", next="see which program deletes it")


def _wait_for(
    handle: int, uuid: str, path: Path, ci: Dialect, limit: float, deadline: float
) -> bool:
    """Returns whether it had to wait."""
    said = float("-inf")
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            return said > 0
        now = time.monotonic()
        if now >= deadline:
            raise CannotDecide(
                f"GPU {uuid} was held by another job for {limit:.0f} s",
                where=str(path),
                why=f"its holder: {_holder(handle)}",
                next="wait for that job or end it; the input gpu-wait says how long to wait",
            )
        if now - said >= _SAY_SECONDS:
            left = deadline - now
            ci.log(f"GPU {uuid} is held by {_holder(handle)}; waiting, for {left:.0f} s at most")
            said = now
        time.sleep(min(_POLL_SECONDS, max(0.0, deadline - now)))


def _sign(handle: int, who: Mapping[str, str]) -> None:
    """Write who holds the lock; a file of another user that we may only read stays as it is."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        if who:
            os.pwrite(handle, json.dumps(dict(who)).encode()[:_MOST_BYTES], 0)


def _holder(handle: int) -> str:
    """Who signed, in words; whoever it was may have written anything."""
    try:
        told = json.loads(os.pread(handle, _MOST_BYTES, 0))
    except (OSError, ValueError):
        told = None
    if not isinstance(told, dict) or not told:
        return "a process that does not say who it is"
    words = " ".join(f"{name}={value}" for name, value in told.items())
    return "".join(each if each.isprintable() else "?" for each in words)[:300]


def who(ci: Dialect, service: str) -> dict[str, str]:
    """What a holder says of itself."""
    told = {
        "service": service,
        "job": ci.job,
        "workspace": str(ci.workspace),
        "pid": str(os.getpid()),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return {name: value for name, value in told.items() if value}
