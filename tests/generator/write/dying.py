"""Runs that are killed, or refused by the system, at a chosen step.

The run happens in a forked process whose calls of the operating system that change
something on disk are counted. Before the chosen one, or in the middle of it where it
writes, the process kills itself with SIGKILL: no handler, no `finally`, no flushing.
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

CALLS = ("open", "write", "fsync", "replace", "unlink", "mkdir", "rmdir", "chmod")
COMPLETED = 0


def in_child(work: Callable[[], object]) -> int:
    """Run `work` in a process of its own; its exit status, or the signal's number negated."""
    child = os.fork()
    if child == 0:
        status = 99
        try:
            work()
            status = COMPLETED
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    deadline = time.monotonic() + 60
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise TimeoutError("the run hangs")
        time.sleep(0.001)


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run `work` and kill it at its `step`-th call; whether it got that far."""

    def doomed() -> None:
        left = [step]
        for name in CALLS:
            setattr(os, name, _counted(name, getattr(os, name), left))
        work()

    status = in_child(doomed)
    assert status in (COMPLETED, -signal.SIGKILL), status
    return status == -signal.SIGKILL


def _counted(name: str, call: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] <= 0:
            if name == "write":
                handle, data = arguments
                call(handle, bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)

    return counted
