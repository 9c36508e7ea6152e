"""Three-way merge by lines: what two sides each did to one base, joined or refused.

A region of the base that only one side touched becomes what that side made of it; where
both did the same, it is taken once; anything else is a conflict, and the merge as a whole
is refused: a file that runs on somebody's machines is never half merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise


@dataclass(frozen=True)
class Hunk:
    """Lines `start` to `end` (0-based, end excluded) of the base, replaced by `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """A region of the base (0-based, end excluded) that both sides changed differently."""

    start: int
    end: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """The outcome: `text` where the sides can be joined, else None and the conflicts."""

    text: str | None
    conflicts: tuple[Conflict, ...] = ()


def merge(base: str, ours: str, theirs: str) -> Merged:
    """Join what `ours` and `theirs` each did to `base`."""
    if ours == theirs or theirs == base:
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    lines = split_lines(base)
    mine, others = hunks(lines, split_lines(ours)), hunks(lines, split_lines(theirs))
    result: list[str] = []
    conflicts: list[Conflict] = []
    position = 0
    for start, end, left, right in _regions(mine, others):
        result += lines[position:start]
        position = end
        one, two = _apply(lines, start, end, left), _apply(lines, start, end, right)
        if not right or one == two:
            result += one
        elif not left:
            result += two
        else:
            joined = _beside(left, right, lines, start, end)
            if joined is None:
                conflicts.append(Conflict(start, end, tuple(one), tuple(two)))
            else:
                result += joined
    result += lines[position:]
    if conflicts or _runs_on(result):
        return Merged(None, tuple(conflicts))
    return Merged("".join(result))


def split_lines(text: str) -> list[str]:
    """The lines of `text` with their LF; nothing else ends a line."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def hunks(base: Sequence[str], side: Sequence[str]) -> list[Hunk]:
    """What `side` did to `base`, from the first line to the last."""
    matcher = SequenceMatcher(None, base, side, autojunk=False)
    return [
        Hunk(start, end, tuple(side[low:high]))
        for tag, start, end, low, high in matcher.get_opcodes()
        if tag != "equal"
    ]


def distance(base: str, side: str) -> int:
    """How many lines of either lie between `base` and `side`."""
    changes = hunks(split_lines(base), split_lines(side))
    return sum(hunk.end - hunk.start + len(hunk.lines) for hunk in changes)


def _regions(
    mine: Sequence[Hunk], others: Sequence[Hunk]
) -> Iterator[tuple[int, int, list[Hunk], list[Hunk]]]:
    """Group the hunks of both sides that touch each other, in the order of the base."""
    left, right = list(mine), list(others)
    while left or right:
        first = min(left[:1] + right[:1], key=lambda hunk: (hunk.start, hunk.end))
        start, end = first.start, first.end
        ours: list[Hunk] = []
        theirs: list[Hunk] = []
        grown = True
        while grown:
            grown = False
            for queue, taken in ((left, ours), (right, theirs)):
                while queue and queue[0].start <= end:
                    taken.append(queue.pop(0))
                    end = max(end, taken[-1].end)
                    grown = True
        yield start, end, ours, theirs


def _apply(lines: Sequence[str], start: int, end: int, changes: Sequence[Hunk]) -> list[str]:
    """What one side made of the region of `lines`."""
    result: list[str] = []
    for hunk in changes:
        result += lines[start : hunk.start]
        result += hunk.lines
        start = hunk.end
    return result + list(lines[start:end])


def _beside(
    left: Sequence[Hunk], right: Sequence[Hunk], lines: Sequence[str], start: int, end: int
) -> list[str] | None:
    """Join hunks that only touch: a line added right below one that the other side replaced.

    None where they overlap, where both add at one point (nobody knows the order), where a
    side deletes (what stood beside a deleted line may have belonged to it), and where both
    add the same line, which would come out twice.
    """
    changes = sorted({*left, *right}, key=lambda hunk: (hunk.start, hunk.end))
    if any(not hunk.lines for hunk in changes):
        return None
    for one, two in pairwise(changes):
        at_one_point = one.start == one.end == two.start == two.end
        if two.start < one.end or at_one_point or _written(one) & _written(two):
            return None
    return _apply(lines, start, end, changes)


def _written(hunk: Hunk) -> set[str]:
    """The lines that a hunk writes, blank ones and indentation aside."""
    return {line.strip() for line in hunk.lines} - {""}


def _runs_on(lines: Sequence[str]) -> bool:
    """Whether a line without LF came to lie before another one."""
    return any(not line.endswith("\n") for line in lines[:-1])
