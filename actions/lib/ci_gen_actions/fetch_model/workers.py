"""The threads that fetch ranges of one file: what each does next, and what when it fails.

A worker takes a segment, asks for it, writes what comes. A failed request puts the rest of its
segment back and waits; other workers go on. It is over when nothing is missing, when a failure is
final, or when one worker failed too often while nobody got a byte.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..core.errors import CannotDecide
from .failures import Changed, Failure, pause
from .origin import Origin, Stream
from .part import Identity, Part

COMMIT_BYTES = 4 << 20
COMMIT_SECONDS = 1.0
"""How much a kill may cost a connection at most: whichever of the two comes first."""
_SEGMENT_MOST = 64 << 20
_FIRST_BYTES = 1 << 20
"""What the first request asks for, and the least that any does."""
_SLOWEST = 1024
"""Bytes a second below which a connection counts as stalled."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How it is fetched; times in seconds, `deadline` on the monotonic clock."""

    connections: int
    deadline: float
    stall: float
    retries: int


class Workers:
    """One attempt at a file. Start it, then ask `over` until it is.

    `one_answer` asks for the whole file at once, where several answers are of several files.
    """

    def __init__(
        self,
        origin: Origin,
        part: Part,
        limits: Limits,
        *,
        trusted: bool,
        room: Callable[[int], None],
        say: Callable[[str], None],
        one_answer: bool = False,
    ) -> None:
        self._one_answer = one_answer
        self._origin = origin
        self._part = part
        self._limits = limits
        self._trusted = trusted
        self._room = room
        self._say = say
        self._mutex = threading.Lock()
        self._stopping = threading.Event()
        self._pending: deque[tuple[int, int]] = deque()
        self._identity = Identity(url=origin.shown, size=None)
        self._validator = ""
        self._whole = False
        self._segment_bytes = _SEGMENT_MOST
        self._allowed = limits.connections
        self._alive = 0
        self._running = 0
        self._streams: dict[int, Stream] = {}
        self._threads: list[threading.Thread] = []
        self._chance = random.Random()  # noqa: S311 - spreads retries
        self._ended = threading.Event()
        self.begun = threading.Event()
        """What is fetched is known, and what of it is there."""
        self.grown: Callable[[], None] = lambda: None
        self.size: int | None = None
        self.received = 0
        self.error: BaseException | None = None

    # For the thread that waits -----------------------------------------------------------------

    def start(self) -> None:
        """Begin, in threads of their own."""
        self._add_thread(0)

    @property
    def over(self) -> bool:
        """Whether all threads ended: everything is there, or it failed."""
        with self._mutex:
            return self._running == 0 or self.error is not None

    @property
    def shown(self) -> str:
        """The address, for people."""
        return self._origin.shown

    def wait(self, seconds: float) -> None:
        """Wait until something failed or ended, for so long at most."""
        self._ended.wait(seconds)

    def stop(self) -> None:
        """Let all threads end, and wait for them."""
        self._stopping.set()
        with self._mutex:
            streams = list(self._streams.values())
        for stream in streams:
            stream.stop()
        for thread in list(self._threads):
            thread.join(self._limits.stall + 5)

    # Threads -----------------------------------------------------------------------------------

    def _add_thread(self, number: int) -> None:
        work = threading.Thread(target=self._work, args=(number,), daemon=True)
        with self._mutex:
            self._threads.append(work)
            self._alive += 1
            self._running += 1
        work.start()

    def _work(self, number: int) -> None:
        try:
            if number == 0:
                self._retried(number, self._begin)
            while not self._stopping.is_set() and self._retried(number, self._next):
                pass
        except BaseException as error:  # told by the thread that waits
            with self._mutex:
                self.error = self.error or error
            self._stopping.set()
        finally:
            with self._mutex:
                self._running -= 1
                if self.error is not None or not self._running:
                    self._ended.set()

    def _retried(self, number: int, step: Callable[[int], bool]) -> bool:
        """Do a step until it succeeds; whether there may be another one."""
        failed, received = 0, self.received
        while not self._stopping.is_set():
            try:
                return step(number)
            except Failure as failure:
                if self.received > received:  # somebody gets on
                    failed, received = 0, self.received
                failed += 1
                self._bear(failure, failed)
        return False

    def _bear(self, failure: Failure, failed: int) -> None:
        """Wait before another try. Raises CannotDecide where there is none."""
        if self._stopping.is_set():
            return
        if failure.final or failed > self._limits.retries:
            raise self._given_up(failure, failed)
        seconds = pause(failed, failure.after, self._chance)
        left = self._limits.deadline - time.monotonic()
        if failure.after is not None and failure.after > left:
            why = f"{failure.why}, and asks to wait {failure.after:.0f} s"
            why += f"; {max(0, left):.0f} s are left"
            raise self._given_up(Failure(why, next="give a longer timeout"), failed)
        if failure.crowded:
            with self._mutex:
                self._allowed = max(1, self._allowed // 2)
        self._say(f"{self._origin.shown}: {failure.why}; again in {seconds:.1f} s")
        self._stopping.wait(max(0.0, min(seconds, left)))

    def _given_up(self, failure: Failure, failed: int) -> CannotDecide:
        tries = "" if failure.final or failed < 2 else f" (tried {failed} times in a row)"
        return CannotDecide(
            "the model could not be fetched",
            where=self._origin.shown,
            why=f"{failure.why}{tries}",
            next=failure.next
            or "see that this machine reaches it, and run again: what was fetched so far is kept",
        )

    # Steps -------------------------------------------------------------------------------------

    def _begin(self, number: int) -> bool:
        """Find out what there is, and fetch the first range of what is missing."""
        if self.begun.is_set():  # the first answer broke off; its rest waits with all others
            return True
        known = self._part.identity
        if known and (known.size is None or not (self._trusted or known.validator)):
            known = None
        gaps = self._part.gaps(known.size or 0) if known else []
        if known and not gaps and self._trusted:
            self._settle(known)
            return True
        start = gaps[0][0] if gaps else 0
        end = start + _FIRST_BYTES
        asked = None if self._one_answer else end
        stream = self._origin.open(start, asked, known.validator if known else "")
        with self._reading(number, stream):
            if known and not known.same(stream.identity):
                raise Changed
            if not known:
                self._part.begin(stream.identity)
            self._settle(stream.identity)
            if stream.partial and not self._one_answer:
                self._receive(stream, *self._first(start, end))
            else:
                self._receive(stream, *self._everything())
        return True

    def _settle(self, identity: Identity) -> None:
        """From here on it is known what is fetched."""
        self.size = identity.size
        self._validator = identity.validator
        self._identity = identity
        if identity.size is not None:
            self._room(identity.size - self._part.total)
            share = identity.size // (4 * self._limits.connections)
            self._segment_bytes = min(_SEGMENT_MOST, max(_FIRST_BYTES, share))
            self._pending.extend(self._part.gaps(identity.size))
        self.begun.set()

    def _first(self, start: int, end: int) -> tuple[int, int]:
        """The range that the first answer brings, taken from what is missing; others begin, too."""
        with self._mutex:
            gap = self._pending.popleft() if self._pending else (start, start)
            end = min(end, gap[1])
            if end < gap[1]:
                self._pending.appendleft((end, gap[1]))
        for each in range(1, self._limits.connections):
            self._add_thread(each)
        return start, end

    def _everything(self) -> tuple[int, int | None]:
        """The server sends no ranges: one worker takes the file as a whole."""
        with self._mutex:
            self._whole = True
            self._pending.clear()
        return 0, self.size

    def _next(self, number: int) -> bool:
        """Fetch a segment; False where nothing is left to do for this worker."""
        segment = self._take()
        if segment is None:
            return False
        start, end = segment
        try:
            stream = self._origin.open(start, end, self._validator)
        except BaseException:
            self._put_back(start, end)
            raise
        with self._reading(number, stream):
            if not self._identity.same(stream.identity):
                raise Changed
            if stream.partial or start == 0:
                self._receive(stream, start, end)
                return True
            if self._leave_to_others(start, end):
                return False
            self._receive(stream, *self._everything())
        return True

    def _take(self) -> tuple[int, int | None] | None:
        with self._mutex:
            if self._alive > self._allowed or not self._pending:
                self._alive -= 1
                return None
            if self.size is None:
                self._pending.clear()
                return 0, None
            start, end = self._pending.popleft()
            if self._whole:
                self._pending.clear()
                return start, self.size
            if end - start > self._segment_bytes:
                self._pending.appendleft((start + self._segment_bytes, end))
                end = start + self._segment_bytes
            return start, end

    def _leave_to_others(self, start: int, end: int | None) -> bool:
        """The server ignored the range: all but one worker stop."""
        with self._mutex:
            self._allowed = 1
            if self._alive == 1:
                return False
            self._alive -= 1
        self._put_back(start, end)
        return True

    def _put_back(self, start: int, end: int | None) -> None:
        with self._mutex:
            self._pending.appendleft((start, start + 1 if end is None else end))

    def _receive(self, stream: Stream, start: int, end: int | None) -> None:
        """Write what comes; what came counts, and what did not come is put back. Raises Failure."""
        position = committed = stream.start
        pace = _Pace(self._limits.stall)
        noted = time.monotonic()
        try:
            while end is None or position < end:
                data = stream.read()
                if self._stopping.is_set():
                    break
                if not data:
                    break
                if end is not None and position + len(data) > end:
                    data = data[: end - position]
                self._part.write(position, data)
                position += len(data)
                with self._mutex:
                    self.received += len(data)
                now = pace.got(len(data))
                if position - committed >= COMMIT_BYTES or now - noted >= COMMIT_SECONDS:
                    self._commit(committed, position)
                    committed, noted = position, now
            if end is not None and position < end and not self._stopping.is_set():
                raise Failure(f"the answer ended {end - position:,} bytes early")
        except BaseException:
            self._commit(committed, position)
            self._put_back(position, end)
            raise
        self._commit(committed, position)
        if end is None and not self._stopping.is_set():
            self.size = position

    def _commit(self, start: int, end: int) -> None:
        self._part.commit(start, end)
        self.grown()

    @contextmanager
    def _reading(self, number: int, stream: Stream) -> Iterator[None]:
        """The stream is stopped when all stop, and closed at the end."""
        with self._mutex:
            self._streams[number] = stream
        try:
            if self._stopping.is_set():
                stream.stop()
            yield
        finally:
            with self._mutex:
                self._streams.pop(number, None)
            stream.close()


class _Pace:
    """Whether a connection gives enough: it must bring some bytes in each stretch of time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since = time.monotonic()
        self._bytes = 0

    def got(self, count: int) -> float:
        """Count bytes; the monotonic time. Raises Failure where they come too slowly."""
        self._bytes += count
        now = time.monotonic()
        if now - self._since < self._seconds:
            return now
        if self._bytes < _SLOWEST * self._seconds:
            raise Failure(f"it sent {self._bytes:,} bytes in {now - self._since:.0f} s")
        self._since, self._bytes = now, 0
        return now
