"""The time that all measuring may take, and a line of progress now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..core.dialect import Dialect
from ..core.errors import CannotDecide

EVERY_SECONDS = 10.0


@dataclass(kw_only=True)
class Clock:
    """A budget of `seconds` that starts now. `now` tells seconds and never goes back."""

    seconds: float
    now: Callable[[], float] = time.monotonic
    _start: float = field(init=False)
    _said: float = field(init=False)

    def __post_init__(self) -> None:
        self._start = self._said = self.now()

    def left(self, most: float = float("inf")) -> float:
        """Seconds that are left, at most `most` and never less than a moment."""
        return max(0.05, min(most, self._start + self.seconds - self.now()))

    def check(self, doing: str, tail: str = "") -> None:
        """Raises CannotDecide when the time is over."""
        if self.now() - self._start >= self.seconds:
            raise self.over(doing, tail)

    def over(self, doing: str, tail: str = "") -> CannotDecide:
        """What is said when the time is over."""
        return CannotDecide(
            f"the time is over: {self.seconds:.0f} s were given for all measuring",
            where="input timeout",
            why=f"when it ended, {doing}" + (f"\n{tail.strip()}" if tail.strip() else ""),
            next="give more time, or measure fewer chunks and questions",
        )

    def tick(self, ci: Dialect, text: str) -> None:
        """Say where we are, unless that was said within the last ten seconds."""
        if self.now() - self._said >= EVERY_SECONDS:
            self._said = self.now()
            ci.log(f"{text} ({self.now() - self._start:.0f} s)")
