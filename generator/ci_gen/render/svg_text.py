"""How wide text will be in a font that is not known here, and how it breaks into lines.

A viewer picks its own system font. The widths are those of a broad one, so that a label
that fits here fits everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from ci_gen.render.spoken import cell_width

_NARROW = frozenset("iIjl.,:;'|!`() []")
_SLIM = frozenset('frt-"/\\{}*1')
_BROAD = frozenset("mwMW@%")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of `text` in pixels at font size `size`, rather too much than too little."""
    return sum(_em(char) for char in text) * size * (1.06 if bold else 1.0)


def _em(char: str) -> float:
    if char in _NARROW:
        return 0.36
    if char in _SLIM:
        return 0.45
    if char in _BROAD:
        return 0.95
    if char.isascii():
        return 0.70 if char.isupper() else 0.61
    return (0.0, 0.70, 1.15)[cell_width(char)]


def wrap(text: str, width: float, size: float, *, bold: bool, lines: int) -> tuple[str, ...]:
    """`text` in at most `lines` lines of `width` pixels; what is left over ends in "…".

    Breaks at blanks, or else after a hyphen, a slash or an underscore, or else anywhere.
    """
    done: list[str] = []
    line = ""
    for part in _parts(text):
        if text_width((line + part).rstrip(), size, bold=bold) <= width:
            line += part
            continue
        if line.strip():
            done.append(line.rstrip())
        line = part
        while text_width(line.rstrip(), size, bold=bold) > width:
            fit = _fitting(line, width, size, bold=bold)
            done.append(line[:fit])
            line = line[fit:]
    if line.strip() or not done:
        done.append(line.rstrip())
    if len(done) <= lines:
        return tuple(done)
    last = done[lines - 1]
    return (*done[: lines - 1], _shortened(last, width, size, bold=bold))


def _parts(text: str) -> list[str]:
    """The pieces between which a line may break; each keeps its blank or hyphen."""
    parts = [""]
    for char in text:
        parts[-1] += char
        if char in " -/_":
            parts.append("")
    return [part for part in parts if part]


def _fitting(part: str, width: float, size: float, *, bold: bool) -> int:
    fit = 1
    while fit < len(part) and text_width(part[: fit + 1], size, bold=bold) <= width:
        fit += 1
    return fit


def _shortened(text: str, width: float, size: float, *, bold: bool) -> str:
    while text and text_width(text + "…", size, bold=bold) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def flow(widths: Sequence[float], room: float, gap: float) -> list[tuple[int, float]]:
    """Put things of `widths` side by side into lines of `room`: each one's line and x."""
    placed: list[tuple[int, float]] = []
    line, x = 0, 0.0
    for width in widths:
        if x and x + width > room:
            line, x = line + 1, 0.0
        placed.append((line, x))
        x += width + gap
    return placed
