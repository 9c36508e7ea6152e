"""Writes to the disk what has come, while more comes, so that the end has little to wait for."""

from __future__ import annotations

import threading

from .part import Part

STEP = 64 << 20


class Flushing:
    """A thread that makes the part durable after every 64 MiB."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="flush", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being written now."""
        self._stopped.set()
        self._thread.join()

    def _follow(self) -> None:
        flushed = self._part.total
        while not self._stopped.wait(0.05):
            total = self._part.total
            if total - flushed < STEP:
                continue
            try:
                self._part.flush()
            except OSError:
                return  # the flush at the end says so
            flushed = total
