"""What can go wrong on the way, and how long to wait before another try. Pure."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Statuses after which the same request may succeed."""
LONGEST_PAUSE = 30.0
_FIRST_PAUSE = 0.5


class Failure(Exception):  # noqa: N818 - told to the reader as CannotDecide
    """A request that brought nothing.

    `final` where trying again cannot help; `after` is how many seconds the server asked to wait;
    `crowded` where it said that it has too much to do; `next` is what the reader can do.
    """

    def __init__(
        self,
        why: str,
        *,
        final: bool = False,
        after: float | None = None,
        crowded: bool = False,
        next: str = "",
    ) -> None:
        super().__init__(why)
        self.why = why
        self.final = final
        self.after = after
        self.crowded = crowded
        self.next = next


class Changed(Exception):  # noqa: N818 - what was begun must be begun anew
    """The file at the address is another one than when it was begun."""


def retry_after(value: str, now: float) -> float | None:
    """The seconds that a Retry-After header asks for: a number or a date; None for neither."""
    text = value.strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return None


def pause(failed: int, after: float | None, chance: random.Random) -> float:
    """How long to wait after `failed` failures in a row: as asked, else longer each time.

    The random half keeps jobs that failed together from coming back together.
    """
    if after is not None:
        return after
    longest = min(LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failed, 10))
    return longest / 2 + chance.random() * longest / 2


def now() -> float:
    """The time of the system's clock, for dates that servers name."""
    return time.time()
