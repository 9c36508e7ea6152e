"""Keeps the cache below its limit: what was not used for longest goes, what is in use stays."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from ..core.archive import size_text
from ..core.errors import CannotDecide
from . import locks
from .cache import Cache, Entry

ABANDONED_SECONDS = 7 * 86_400.0
"""A part that nobody went on with for so long is removed."""
_SPARE = 64 << 20
"""Bytes that are left free on the disk for everything else."""


def make_room(cache: Cache, needed: int, limit: int, say: Callable[[str], None]) -> None:
    """See that `needed` more bytes fit on the disk, and below `limit` (0: none).

    Raises CannotDecide where the disk has no room for them. Where only what is in use is left,
    the limit gives way, and `say` is told.
    """
    with locks.held(cache.lock("room")):
        _clear_abandoned(cache)
        entries = sorted(cache.entries(), key=lambda each: each.used)
        total = sum(each.size for each in entries)
        for entry in entries:
            over = total + needed - limit if limit else 0
            short = needed + _SPARE - free(cache.root)
            if over <= 0 and short <= 0:
                break
            size = entry.size
            if _evict(cache, entry):
                total -= size
                say(f"removed {entry.digest[:12]} ({size_text(size)}) from the cache")
        if limit and total + needed > limit:
            say(
                f"the cache takes {size_text(total + needed)}, more than its limit of "
                f"{size_text(limit)}: the rest is in use"
            )
    if needed + _SPARE > free(cache.root):
        raise CannotDecide(
            "there is no room for the model",
            where=str(cache.root),
            why=f"{size_text(needed)} are to come, and {size_text(free(cache.root))} are free",
            next="free space there, or name a folder on another disk in the input cache",
        )


def free(folder: Path) -> int:
    """The bytes that are free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def _evict(cache: Cache, entry: Entry) -> bool:
    with locks.at_once(cache.lock(entry.digest)) as mine:
        if not mine or entry.in_use(time.time()):
            return False
        shutil.rmtree(entry.folder, ignore_errors=True)
        return not entry.file.exists()


def _clear_abandoned(cache: Cache) -> None:
    for folder in (cache.root / "incoming").iterdir():
        try:
            age = time.time() - max(each.stat().st_mtime for each in folder.iterdir())
        except (OSError, ValueError):
            continue
        if age < ABANDONED_SECONDS:
            continue
        with locks.at_once(cache.lock(folder.name)) as mine:
            if mine:
                shutil.rmtree(folder, ignore_errors=True)
