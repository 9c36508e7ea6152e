"""Child processes: an argument list, never a shell; none outlives its action.

A child runs in a process group of its own. When it ends, when its time is up, or when a signal
stops the action, what is left of the group is killed.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .dialect import Dialect
from .errors import CannotDecide

TAIL_BYTES = 64 * 1024
LINE_BYTES = 8 * 1024
GRACE_SECONDS = 5.0
"""How long a group may take to end after SIGTERM before it gets SIGKILL."""
DRAIN_SECONDS = 1.0
"""How long to read what leftovers of a child still write after it ended."""

Sink = Callable[[bytes], None]


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A child that ended. `code` is negative for the signal that ended it, as in subprocess.

    `output` is the end of what it wrote (of its standard error, for `capture`), at most
    TAIL_BYTES. `seconds` is wall-clock time.
    """

    argv: tuple[str, ...]
    code: int
    output: str
    seconds: float
    timed_out: bool = False
    stdout: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit status 0."""
        return self.code == 0 and not self.timed_out

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.timed_out:
            return f"was stopped after {self.seconds:.0f} s, its time limit"
        if self.code < 0:
            try:
                return f"was killed by {signal.Signals(-self.code).name}"
            except ValueError:
                return f"was killed by signal {-self.code}"
        return f"ended with exit status {self.code}"


def run(
    argv: Sequence[str | Path],
    *,
    ci: Dialect,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    pass_fds: Sequence[int] = (),
    watch: Sink | None = None,
) -> Completed:
    """Run a command and stream what it writes to the log, where no line of it is a command.

    `env` is the whole environment (default: ours). `timeout` is in seconds. `pass_fds` are
    file descriptors that the child inherits: the one of a lock keeps it held until the last
    process of the child has ended, even where we were killed. `watch` gets each line that goes
    to the log. Raises CannotDecide where the command cannot be started.
    """
    tail = _Tail()
    lines = _Lines(ci.write_child if watch is None else _both(ci.write_child, watch))
    shown = tuple(str(word) for word in argv)
    ci.log(f"$ {_quoted(shown)}")
    with ci.child_output():
        started = time.monotonic()
        child = _start(shown, cwd, env, merge=True, pass_fds=pass_fds)
        assert child.stdout is not None  # noqa: S101 - it is a pipe
        timed_out = _finish(child, {child.stdout: (tail.add, lines.add)}, timeout, lines.end)
    return Completed(
        argv=shown,
        code=_code(child),
        output=tail.text(),
        seconds=time.monotonic() - started,
        timed_out=timed_out,
    )


def _both(first: Sink, second: Sink) -> Sink:
    def write(line: bytes) -> None:
        first(line)
        second(line)

    return write


def capture(
    argv: Sequence[str | Path],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
    watch: Sink | None = None,
) -> Completed:
    """Run a command quietly: all of its standard output in `stdout`, standard error in `output`.

    `stdin` is what it can read: the only way for a secret, since arguments and the environment
    can be seen by others. `pass_fds` are as for `run`. `watch` gets each block of its standard
    output as it comes. Raises CannotDecide where the command cannot be started.
    """
    tail = _Tail()
    chunks: list[bytes] = []
    shown = tuple(str(word) for word in argv)
    started = time.monotonic()
    with _readable(stdin) as source:
        child = _start(shown, cwd, env, merge=False, stdin=source, pass_fds=pass_fds)
    assert child.stdout is not None  # noqa: S101 - they are pipes
    assert child.stderr is not None  # noqa: S101
    out: tuple[Sink, ...] = (chunks.append,) if watch is None else (chunks.append, watch)
    sinks = {child.stdout: out, child.stderr: (tail.add,)}
    timed_out = _finish(child, sinks, timeout, lambda: None)
    return Completed(
        argv=shown,
        code=_code(child),
        output=tail.text(),
        seconds=time.monotonic() - started,
        timed_out=timed_out,
        stdout=b"".join(chunks),
    )


@contextmanager
def _readable(data: bytes) -> Iterator[int]:
    """A file in memory that holds `data`, for a child to read."""
    if not data:
        yield subprocess.DEVNULL
        return
    handle = os.memfd_create("stdin", os.MFD_CLOEXEC)
    try:
        os.write(handle, data)
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


def _start(
    argv: tuple[str, ...],
    cwd: str | Path | None,
    env: Mapping[str, str] | None,
    *,
    merge: bool,
    pass_fds: Sequence[int] = (),
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        raise CannotDecide(
            f"{argv[0]} cannot be started",
            where=f"$ {_quoted(argv)}" + (f" in {cwd}" if cwd else ""),
            why=str(error),
            next=f"install {argv[0]} on this runner, or put it on PATH" if missing else "",
        ) from error


def _finish(
    child: subprocess.Popen[bytes],
    sinks: Mapping[IO[bytes], tuple[Sink, ...]],
    timeout: float | None,
    at_end: Callable[[], None],
) -> bool:
    """Feed the sinks until the child ends; whether its time ran out. Leaves nothing behind."""
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        timed_out = not _pump(child, sinks, deadline)
        if timed_out:
            end_group(child)
        return timed_out
    finally:
        # Also on the way out of an exception, a signal's among them.
        end_group(child)
        at_end()
        for pipe in sinks:
            pipe.close()


def _pump(
    child: subprocess.Popen[bytes],
    sinks: Mapping[IO[bytes], tuple[Sink, ...]],
    deadline: float | None,
) -> bool:
    with selectors.DefaultSelector() as selector:
        for pipe, targets in sinks.items():
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, targets)
        drained_by = float("inf")
        while True:
            ended = child.poll() is not None
            # A grandchild may hold the pipe open for ever: after the child, take what is there.
            if ended and drained_by == float("inf"):
                drained_by = time.monotonic() + DRAIN_SECONDS
            ready = selector.select(0 if ended else _wait(deadline))
            for key, _ in ready:
                block = os.read(key.fd, 1 << 16)
                if not block:
                    selector.unregister(key.fileobj)
                for sink in key.data if block else ():
                    sink(block)
            if ended and (not ready or time.monotonic() > drained_by):
                return True
            if not ended and deadline is not None and time.monotonic() >= deadline:
                return False
            if not selector.get_map() and not ended:
                return _wait_for_end(child, deadline)


def _wait(deadline: float | None) -> float:
    # Short, so that the end of a child whose pipe stays open is noticed soon.
    return 0.1 if deadline is None else max(0.0, min(0.1, deadline - time.monotonic()))


def _wait_for_end(child: subprocess.Popen[bytes], deadline: float | None) -> bool:
    try:
        child.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _code(child: subprocess.Popen[bytes]) -> int:
    """How it ended; as if by the signal that it got, for one that does not end."""
    return -signal.SIGKILL if child.returncode is None else child.returncode


def end_group(child: subprocess.Popen[bytes]) -> None:
    """SIGTERM, a grace, SIGKILL; returns when the child is gone.

    One that waits in the kernel without end, as in a driver for its device, is left: not even
    SIGKILL reaches it there.
    """
    if child.poll() is None:
        _signal_group(child, signal.SIGTERM)
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _signal_group(child, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                child.wait(GRACE_SECONDS)
    _signal_group(child, signal.SIGKILL)


def _signal_group(child: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    # Either error means that nothing of ours is left in the group.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signum)


def _quoted(argv: Sequence[str]) -> str:
    import shlex

    return shlex.join(argv)


class _Tail:
    """The last bytes of a stream."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, block: bytes) -> None:
        self._kept = (self._kept + block)[-TAIL_BYTES:]

    def text(self) -> str:
        return self._kept.decode("utf-8", "replace")


class _Lines:
    """Passes a stream on line by line, so that a mask finds a secret that two blocks share.

    A line longer than LINE_BYTES is passed on in pieces; the last one always ends in a line
    break, so that whatever follows in the log starts a line.
    """

    def __init__(self, write: Sink) -> None:
        self._write = write
        self._rest = b""

    def add(self, block: bytes) -> None:
        *lines, self._rest = (self._rest + block).split(b"\n")
        for line in lines:
            self._write(line + b"\n")
        if len(self._rest) > LINE_BYTES:
            self._write(self._rest + b"\n")
            self._rest = b""

    def end(self) -> None:
        if self._rest:
            self._write(self._rest + b"\n")
            self._rest = b""
