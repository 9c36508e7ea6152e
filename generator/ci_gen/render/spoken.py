"""Durations and lists in the words that people read, and text made harmless for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def duration(seconds: float) -> str:
    """A duration in at most two units: "45 s", "2 min 30 s", "8 min", "1 h 5 min", "2 d 3 h"."""
    whole = round(seconds)
    if whole == 0 and seconds > 0:
        return "< 1 s"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for (name, size), (smaller, step) in pairwise(units):
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{count} {name} {rest // step} {smaller}" if rest >= step else f"{count} {name}"
    return f"{whole} s"


def rough(seconds: float, measured: bool) -> str:
    """A duration marked as an estimate where it was not measured."""
    if measured:
        return duration(seconds)
    # Nobody estimates seconds in a long job.
    return f"≈ {duration(round(seconds / 60) * 60 if seconds >= 600 else seconds)}"


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 job`, `2 jobs`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def joined(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def printable(text: str) -> str:
    """`text` on one line without anything that a terminal or a viewer would obey.

    Control characters and the marks that reverse the direction of writing become U+FFFD,
    marks of no width disappear, and runs of white space become one blank.
    """
    return " ".join(text.split()).translate(_INERT)


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(cell_width(char) for char in text)


def cell_width(char: str) -> int:
    """The columns of one character: 0 for combining marks, 2 for wide ones, else 1."""
    code = ord(char)
    if code < 0x300:
        return 1
    if any(low <= code <= high for low, high in _COMBINING):
        return 0
    return 2 if any(low <= code <= high for low, high in _WIDE) else 1


def _inert() -> dict[int, str | None]:
    """Written out rather than asked of unicodedata, whose answers differ between Pythons."""
    table: dict[int, str | None] = {}
    for low, high in (
        (0x00, 0x1F), (0x7F, 0x9F), (0x061C, 0x061C), (0x200E, 0x200F), (0x2028, 0x202E),
        (0x2066, 0x2069), (0xD800, 0xDFFF), (0xFDD0, 0xFDEF), (0xFFF9, 0xFFFB),
        (0xFFFE, 0xFFFF), (0xE0000, 0xE007F),
    ):  # fmt: skip
        table.update(dict.fromkeys(range(low, high + 1), "\ufffd"))
    for plane in range(1, 17):
        table.update(dict.fromkeys((plane * 0x10000 + 0xFFFE, plane * 0x10000 + 0xFFFF), "\ufffd"))
    for code in (0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)):
        table[code] = None
    return table


_INERT = _inert()
_COMBINING = ((0x300, 0x36F), (0x20D0, 0x20FF))
_WIDE = (
    (0x1100, 0x115F), (0x2E80, 0xA4CF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE30, 0xFE6F),
    (0xFF00, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1FAFF), (0x20000, 0x3FFFD),
)  # fmt: skip
