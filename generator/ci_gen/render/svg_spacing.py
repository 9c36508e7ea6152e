"""Where the items of each row of a layered drawing stand from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_SWEEPS = 8
_SLOT_WIDTH = 2


class Item(NamedTuple):
    """What takes room in a row: the box of job `owner`, a hub where edges come together, or
    (any other `kind`) a slot for edges that pass."""

    row: int
    owner: str
    kind: str = "box"


Segment = tuple[Item, Item]
_Pulls = dict[Item, list[tuple[Item, float]]]


@dataclass(frozen=True)
class Layout:
    """`rows` from top to bottom, each from left to right; `x` is an item's middle.

    `width` is that of the widest row. `segments` lead from one row to the next;
    `critical` are those that the critical path takes. A row of hubs has no box.
    """

    rows: tuple[tuple[Item, ...], ...]
    x: Mapping[Item, int]
    width: int
    segments: tuple[Segment, ...]
    critical: frozenset[Segment]


class Neighbours:
    """Each item's neighbours in the rows above and below."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.above: dict[Item, list[Item]] = {}
        self.below: dict[Item, list[Item]] = {}
        for upper, lower in segments:
            self.above.setdefault(lower, []).append(upper)
            self.below.setdefault(upper, []).append(lower)


@dataclass(frozen=True)
class Spacing:
    """Widths and distances in pixels, and the segments that ought to be straight."""

    box: int
    gap: int
    critical: frozenset[Segment]

    def place(
        self, rows: Sequence[Sequence[Item]], segments: Sequence[Segment]
    ) -> tuple[dict[Item, int], int]:
        """Each item's middle, and the width of the whole."""
        needed = [self._offsets(row)[-1] + self._half(row[-1]) for row in rows]
        width = max(needed, default=0)
        near = Neighbours(segments)
        x: dict[Item, float] = {}
        for row, own in zip(rows, needed, strict=True):
            shift = (width - own) / 2
            x.update(zip(row, (each + shift for each in self._offsets(row)), strict=True))
        pulls: _Pulls = {item: [] for row in rows for item in row}
        for upper, lower in segments:
            pull = self._pull((upper, lower))
            pulls[upper].append((lower, pull))
            pulls[lower].append((upper, pull))
        for sweep in range(_SWEEPS):
            downward = sweep % 2 == 0
            for row in rows if downward else reversed(rows):
                self._relax(row, x, pulls, width)
        x = {item: float(each) for row in rows for item, each in self._whole(row, x).items()}
        for chain in self._chains(rows, near, x):
            self._straighten(chain, rows, x, width)
        return {item: round(each) for item, each in x.items()}, width

    def _whole(self, row: Sequence[Item], x: Mapping[Item, float]) -> dict[Item, int]:
        """A row's middles in whole pixels; what rounding took from a distance is given back."""
        whole: dict[Item, int] = {}
        for index, item in enumerate(row):
            # All distances are whole, so that rounding down keeps them but for tiny errors.
            least = whole[row[index - 1]] + self._distance(row[index - 1], item) if index else 0
            whole[item] = max(int(x[item] + 1e-6), least)
        return whole

    def _half(self, item: Item) -> int:
        return (self.box if item.kind == "box" else _SLOT_WIDTH) // 2

    def _offsets(self, row: Sequence[Item]) -> list[int]:
        """The middles of a row packed as tightly as it may be, from the left edge."""
        offsets: list[int] = []
        for index, item in enumerate(row):
            if index:
                offsets.append(offsets[-1] + self._distance(row[index - 1], item))
            else:
                offsets.append(self._half(item))
        return offsets

    def _distance(self, left: Item, right: Item) -> int:
        """The least distance between the middles of two items side by side."""
        gap = self.gap if left.kind == right.kind == "box" else self.gap // 2 + 1
        return self._half(left) + gap + self._half(right)

    def _pull(self, segment: Segment) -> float:
        """How much a segment wants to be upright: most where it passes rows in slots."""
        slots = sum(item.kind not in ("box", "hub") for item in segment)
        return (1.0, 3.0, 9.0)[slots] * (4.0 if segment in self.critical else 1.0)

    def _relax(self, row: Sequence[Item], x: dict[Item, float], pulls: _Pulls, width: int) -> None:
        """Move a row's items towards their neighbours, as far as order and distances allow."""
        offsets = self._offsets(row)
        wishes: list[tuple[float, float]] = []
        for item, offset in zip(row, offsets, strict=True):
            total = wish = 0.0
            for other, weight in pulls[item]:
                total += weight
                wish += weight * x[other]
            wishes.append(((wish / total if total else x[item]) - offset, total or 0.5))
        room = width - offsets[-1] - self._half(row[-1])
        for item, offset, shift in zip(row, offsets, _isotonic(wishes), strict=True):
            x[item] = min(max(shift, 0.0), room) + offset

    def _chains(
        self, rows: Sequence[Sequence[Item]], near: Neighbours, x: Mapping[Item, float]
    ) -> list[list[Item]]:
        """Items that ought to stand below one another; the critical path's come first."""

        def rank(segment: Segment) -> tuple[float, float]:
            return -self._pull(segment), abs(x[segment[0]] - x[segment[1]])

        down = {u: min(each, key=lambda v: rank((u, v))) for u, each in near.below.items()}
        up = {v: min(each, key=lambda u: rank((u, v))) for v, each in near.above.items()}
        chains: dict[Item, list[Item]] = {}
        for row in rows:
            for item in row:
                before = up.get(item)
                joined = before is not None and down[before] == item
                chain = chains[before] if joined and before is not None else []
                chain.append(item)
                chains[item] = chain
        found = [chain for item, chain in chains.items() if chain[0] == item and len(chain) > 1]
        return sorted(found, key=lambda c: (c[0], c[1]) not in self.critical)

    def _straighten(
        self,
        chain: Sequence[Item],
        rows: Sequence[Sequence[Item]],
        x: dict[Item, float],
        width: int,
    ) -> None:
        """Bring as many items of a chain as possible to one x, without moving any other."""
        part: list[Item] = []
        low, high = 0.0, float(width)
        for item in chain:
            left, right = self._free(item, rows[item.row], x, width)
            if part and max(low, left) > min(high, right):
                self._align(part, low, high, x)
                part, low, high = [], 0.0, float(width)
            part.append(item)
            low, high = max(low, left), min(high, right)
        self._align(part, low, high, x)

    @staticmethod
    def _align(part: Sequence[Item], low: float, high: float, x: dict[Item, float]) -> None:
        middle = round(sum(x[item] for item in part) / len(part))
        x.update(dict.fromkeys(part, min(max(middle, low), high)))

    def _free(
        self, item: Item, row: Sequence[Item], x: Mapping[Item, float], width: int
    ) -> tuple[float, float]:
        """How far to the left and right an item can go."""
        place = row.index(item)
        half = self._half(item)
        left, right = float(half), float(width - half)
        if place:
            left = x[row[place - 1]] + self._distance(row[place - 1], item)
        if place + 1 < len(row):
            right = x[row[place + 1]] - self._distance(item, row[place + 1])
        return left, right


def _isotonic(wishes: Sequence[tuple[float, float]]) -> list[float]:
    """The rising values that are nearest to `wishes` (value, weight), by least squares."""
    blocks: list[tuple[float, float, int]] = []
    for wish, pull in wishes:
        value, weight, count = wish, pull, 1
        while blocks and blocks[-1][0] > value:
            earlier, heavier, more = blocks.pop()
            value = (value * weight + earlier * heavier) / (weight + heavier)
            weight += heavier
            count += more
        blocks.append((value, weight, count))
    return [value for value, _, count in blocks for _ in range(count)]
