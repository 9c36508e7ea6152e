"""Small requests, tried again where that can help."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..core.errors import CannotDecide
from .failures import Failure, pause

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Tries:
    """How often, until when on the monotonic clock, and who is told of a failure."""

    retries: int
    deadline: float
    say: Callable[[str], None]


def tried(ask: Callable[[], T], shown: str, tries: Tries) -> T:
    """What `ask` gives. Raises CannotDecide where it fails for good."""
    failed = 0
    while True:
        try:
            return ask()
        except Failure as failure:
            failed += 1
            seconds = pause(failed, failure.after, random.Random())  # noqa: S311
            left = tries.deadline - time.monotonic()
            if failure.final or failed > tries.retries or seconds > left:
                raise CannotDecide(
                    "the model could not be fetched",
                    where=shown,
                    why=failure.why,
                    next=failure.next or "see that this machine reaches it, and run again",
                ) from None
            tries.say(f"{shown}: {failure.why}; again in {seconds:.1f} s")
            time.sleep(seconds)
