"""How far it is: one line that moves on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time

from ..core.archive import size_text
from ..core.dialect import Dialect

LOG_SECONDS = 10.0
_TERMINAL_SECONDS = 0.2
_WINDOW = 5.0


class Progress:
    """Of one file. `tick` may be called as often as one likes."""

    def __init__(self, ci: Dialect, name: str) -> None:
        self._ci = ci
        self._name = name
        self._moving = ci.name == "terminal" and sys.stderr.isatty()
        now = time.monotonic()
        self._shown = now
        self._speed = _Speed(now)
        self._width = 0

    def tick(self, done: int, size: int | None) -> None:
        """So many bytes are there, of `size` (None: nobody knows)."""
        now = time.monotonic()
        self._speed.at(now, done)
        if now - self._shown < (_TERMINAL_SECONDS if self._moving else LOG_SECONDS):
            return
        self._shown = now
        text = line(self._name, done, size, self._speed.bytes_per_second)
        if not self._moving:
            self._ci.log(text)
            return
        sys.stderr.write(f"\r{self._ci.redact(text)[:100].ljust(self._width)}")
        sys.stderr.flush()
        self._width = min(100, len(text))

    def end(self) -> None:
        """Take the moving line away."""
        if self._moving and self._width:
            sys.stderr.write(f"\r{' ' * self._width}\r")
            sys.stderr.flush()


def line(name: str, done: int, size: int | None, speed: float) -> str:
    """The progress in words."""
    text = f"{name}: {size_text(done)}"
    if size:
        text += f" of {size_text(size)} ({100 * done // size} %)"
    if speed > 0:
        text += f", {size_text(int(speed))}/s"
        if size and size > done:
            text += f", {_duration((size - done) / speed)} to go"
    return text


def _duration(seconds: float) -> str:
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class _Speed:
    """Bytes a second over the last few seconds."""

    def __init__(self, now: float) -> None:
        self._points: list[tuple[float, int]] = []
        self._begun = now

    def at(self, now: float, done: int) -> None:
        if self._points and now - self._points[-1][0] < 0.1:
            return
        self._points.append((now, done))
        while self._points[0][0] < now - _WINDOW:
            self._points.pop(0)

    @property
    def bytes_per_second(self) -> float:
        first, last = self._points[0], self._points[-1]
        seconds = last[0] - first[0]
        return max(0.0, (last[1] - first[1]) / seconds) if seconds > 0 else 0.0
