"""A child that runs beside the action, such as a server that it asks questions.

It runs in a process group of its own, which is ended when its block is left, by whatever way: at
its end, by an error, by a signal that stops the action. Where the action itself is killed, the
kernel kills the child.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import CannotDecide
from .process import end_group

_PR_SET_PDEATHSIG = 1
"""From linux/prctl.h; see prctl(2)."""


@dataclass(frozen=True, kw_only=True)
class Background:
    """A child that was started. What it writes, standard error too, goes to the file `log`."""

    argv: tuple[str, ...]
    log: Path
    child: subprocess.Popen[bytes]

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.child.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """Wait so long for its end; whether it came. One that crashed is not gone at once."""
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        code = self.child.poll()
        if code is None:
            return "still runs"
        if code >= 0:
            return f"ended with exit status {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    def tail(self, most: int = 4000) -> str:
        """The end of what it wrote, at most so many bytes."""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - most))
            return file.read().decode("utf-8", "replace")


@contextmanager
def background(
    argv: Sequence[str | Path],
    *,
    log: Path,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Background]:
    """Start a command and end it, with its whole group, when the block is left.

    `env` is the whole environment (default: ours). Raises CannotDecide where the command cannot
    be started. Call it from the main thread: the kernel's promise is tied to the thread.
    """
    shown = tuple(str(word) for word in argv)
    with log.open("wb") as out:
        try:
            child = subprocess.Popen(
                shown,
                cwd=cwd,
                env=None if env is None else dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - no thread runs here
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise CannotDecide(
                f"{shown[0]} cannot be started", where=" ".join(shown), why=str(error)
            ) from error
    try:
        yield Background(argv=shown, log=log, child=child)
    finally:
        end_group(child)


def _dies_with(parent: int) -> Callable[[], None]:
    """What a new child does before its program starts, to be killed when we are."""
    import ctypes

    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # we were killed in between
            os._exit(1)

    return ask
