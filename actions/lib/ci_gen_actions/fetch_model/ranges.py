"""Which bytes of a file are there: sorted ranges [start, end) that neither touch nor overlap."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator


class Ranges:
    """A set of byte positions."""

    def __init__(self) -> None:
        self._found: list[tuple[int, int]] = []
        self.total = 0
        """How many bytes there are."""

    def add(self, start: int, end: int) -> None:
        """Add the bytes from `start` to before `end`."""
        if end <= start:
            return
        first = bisect_left(self._found, (start, start))
        if first and self._found[first - 1][1] >= start:
            first -= 1
        last = first
        while last < len(self._found) and self._found[last][0] <= end:
            start = min(start, self._found[last][0])
            end = max(end, self._found[last][1])
            self.total -= self._found[last][1] - self._found[last][0]
            last += 1
        self._found[first:last] = [(start, end)]
        self.total += end - start

    @property
    def prefix(self) -> int:
        """How many bytes are there from the beginning of the file on without a gap."""
        return self._found[0][1] if self._found and self._found[0][0] == 0 else 0

    def gaps(self, size: int) -> Iterator[tuple[int, int]]:
        """What is missing of a file of `size` bytes."""
        position = 0
        for start, end in self._found:
            if start > position:
                yield position, min(start, size)
            position = end
        if position < size:
            yield position, size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._found)
