"""Fetches one file: several ranges at once, from where an earlier run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..core.archive import size_text
from ..core.errors import CannotDecide
from .digesting import Digesting
from .failures import Changed
from .flushing import Flushing
from .origin import Origin
from .part import Identity, Part
from .workers import Limits, Workers

_RESTARTS = 3
_TICK = 0.1

Progress = Callable[[int, int | None], None]
"""Told again and again how many bytes are there, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What was fetched: its digest in hex, its size, and how many bytes came over the network."""

    sha256: str
    size: int
    downloaded: int
    resumed: bool


def fetch(
    origin: Origin,
    part: Part,
    limits: Limits,
    *,
    trusted: bool,
    room: Callable[[int], None],
    progress: Progress,
    say: Callable[[str], None],
) -> Fetched:
    """Fetch the file at `origin` into `part`, as far as it is not there yet.

    `trusted`: a digest is known, so that what an earlier run left may be used though the server
    names no state of the file. `room` sees that there is room for some more bytes. Raises
    CannotDecide where the file is not to be had, OSError where the disk refuses. What was fetched
    stays in `part`.
    """
    downloaded, resumed = 0, part.total > 0
    for left in reversed(range(_RESTARTS + 1)):
        workers = Workers(
            origin, part, limits, trusted=trusted, room=room, say=say, one_answer=left == 0
        )
        try:
            digest, size = _attempt(part, workers, limits, progress)
        except Changed:
            downloaded += workers.received
            resumed = False
            say(f"{origin.shown}: the file changed on the server; beginning anew")
            part.begin(Identity(url=origin.shown, size=None))
            continue
        downloaded += workers.received
        return Fetched(sha256=digest, size=size, downloaded=downloaded, resumed=resumed)
    raise CannotDecide(
        "the file changes while it is fetched",
        where=origin.shown,
        why=f"it was begun anew {_RESTARTS} times, and each time the server had another one",
        next="fetch from an address that names one state of the file, such as one with a version",
    )


def _attempt(part: Part, workers: Workers, limits: Limits, progress: Progress) -> tuple[str, int]:
    digesting: Digesting | None = None
    workers.start()
    flushing = Flushing(part)
    try:
        while not workers.over:
            if workers.begun.is_set() and digesting is None:
                digesting = Digesting(part)
                workers.grown = digesting.grown
            if time.monotonic() > limits.deadline:
                raise _too_late(part, workers)
            progress(part.total, workers.size)
            workers.wait(_TICK)
        if workers.error is not None:
            raise workers.error
        size = workers.size
        if size is None or part.gaps(size):
            raise AssertionError("the workers ended with something missing")
        digesting = digesting or Digesting(part)
        digest = digesting.finish(size)
        flushing.stop()
        part.finish(size)
        return digest, size
    finally:
        workers.stop()
        flushing.stop()
        if digesting is not None:
            digesting.stop()


def _too_late(part: Part, workers: Workers) -> CannotDecide:
    of = f" of {size_text(workers.size)}" if workers.size else ""
    return CannotDecide(
        "the time is up",
        where=workers.shown,
        why=f"{size_text(part.total)}{of} are there",
        next="run again: what was fetched so far is kept; or give a longer timeout",
    )
