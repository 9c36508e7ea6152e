"""The SHA-256 of a file while it is being fetched: it follows the part that is whole so far."""

from __future__ import annotations

import hashlib
import threading

from .part import Part

BLOCK = 1 << 20


class Digesting:
    """A thread that reads what is there from the beginning on, as it grows."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._changed = threading.Condition()
        self._digest = hashlib.sha256()
        self._position = 0
        self._size: int | None = None
        self._stopped = False
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._follow, name="digest", daemon=True)
        self._thread.start()

    def grown(self) -> None:
        """There is more of the file."""
        with self._changed:
            self._changed.notify()

    def finish(self, size: int) -> str:
        """Wait for the end of the file at `size`; its digest in hex. Raises OSError."""
        with self._changed:
            self._size = size
            self._changed.notify()
        while self._thread.is_alive():  # in short waits, so that a signal gets through
            self._thread.join(0.2)
        if self._error is not None:
            raise self._error
        return self._digest.hexdigest()

    @property
    def position(self) -> int:
        """How far it has read."""
        return self._position

    def stop(self) -> None:
        """End without a digest."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join(10)

    def _follow(self) -> None:
        try:
            while self._step():
                pass
        except OSError as error:
            self._error = error

    def _step(self) -> bool:
        with self._changed:
            while True:
                if self._stopped or (self._size is not None and self._position >= self._size):
                    return False
                limit = self._part.prefix if self._size is None else self._size
                if limit > self._position:
                    break
                self._changed.wait()
        data = self._part.read(self._position, min(BLOCK, limit - self._position))
        if not data:
            raise OSError("the part became shorter while it was read")
        self._digest.update(data)
        self._position += len(data)
        return True
