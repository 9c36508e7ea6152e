"""Pictures of a comparison as SVG inside of HTML. Pure.

Colours come from the page's style; what the elements say themselves is for viewers without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import accumulate

from . import wording
from .finding import Finding, State
from .measurement import Perplexity

_WIDTH, _ROW, _LEFT, _RIGHT = 760, 34, 250, 20
_SPAN = 2.0
"""How many tolerances are shown to each side."""
_POINTS = 400
_HEIGHT, _PAD = 180, 40


def forest(findings: Sequence[Finding]) -> str:
    """Each change with its interval, in units of what is tolerated; "" where nothing was compared.

    To the right is worse. What reaches beyond the picture ends in an arrow.
    """
    compared = [each for each in findings if each.change is not None and each.tolerance]
    if not compared:
        return ""
    height = _ROW * len(compared) + 50
    lines = [_vertical(0.0, height, "zero"), _vertical(1.0, height, "limit")]
    rows = [_row(each, 30 + _ROW * number) for number, each in enumerate(compared)]
    marks = [
        _words(_at(value), height - 6, label, "tick", "middle")
        for value, label in ((-1.0, "-1"), (0.0, "no change"), (1.0, "tolerated"))
    ]
    return _svg(height, "Changes in units of what is tolerated; right is worse", lines, rows, marks)


def chunks(now: Perplexity, before: Perplexity) -> str:
    """The mean difference of the NLL up to each chunk: whether it settled, and where."""
    pairs = zip(now.chunks, before.chunks, strict=True)
    sums = accumulate(ours.nll - theirs.nll for ours, theirs in pairs)
    means = [total / number for number, total in enumerate(sums, 1)]
    if len(means) < 2:
        return ""
    step = max(1, len(means) // _POINTS)
    kept = [(number, means[number]) for number in range(0, len(means), step)]
    low, high = min(0.0, *means), max(0.0, *means)
    scale = (_HEIGHT - 2 * _PAD) / (high - low or 1.0)
    points = " ".join(
        f"{_PAD + number * (_WIDTH - 2 * _PAD) / (len(means) - 1):.1f},"
        f"{_HEIGHT - _PAD - (mean - low) * scale:.1f}"
        for number, mean in kept
    )
    zero = _HEIGHT - _PAD + low * scale
    span = f"from {low:.6f} to {high:.6f}"
    parts = [
        f'<line x1="{_PAD}" x2="{_WIDTH - _PAD}" y1="{zero:.1f}" y2="{zero:.1f}" class="zero" '
        f'stroke="currentColor"/>',
        f'<polyline points="{points}" class="curve" fill="none" stroke="currentColor"/>',
        _words(_PAD, _HEIGHT - 8, "chunk 1", "left", "start"),
        _words(_WIDTH - _PAD, _HEIGHT - 8, f"chunk {len(means)}", "right", "end"),
        _words(_PAD, 16, f"ln(PPL / PPL of the baseline) so far, {span}", "left", "start"),
    ]
    return _svg(_HEIGHT, "Mean difference of the NLL up to each chunk", parts)


def _svg(height: float, title: str, *parts: Sequence[str]) -> str:
    inner = "".join(part for group in parts for part in group)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"{inner}</svg>"
    )


def _words(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y}" class="{kind}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(text)}</text>"


def _at(value: float) -> float:
    """The place of a change, in units of the tolerance."""
    share = (min(max(value, -_SPAN), _SPAN) + _SPAN) / (2 * _SPAN)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _vertical(value: float, height: float, kind: str) -> str:
    place = _at(value)
    return (
        f'<line x1="{place:.1f}" x2="{place:.1f}" y1="10" y2="{height - 22}" class="{kind}" '
        f'stroke="currentColor"/>'
    )


def _row(each: Finding, y: float) -> str:
    assert each.change is not None  # noqa: S101 - the caller chose so
    assert each.tolerance  # noqa: S101 - likewise
    low, high = (
        end / each.tolerance if end is not None and not math.isnan(end) else 0.0
        for end in (each.low, each.high)
    )
    kind = {State.REGRESSION: "bad", State.INCONCLUSIVE: "open"}.get(each.state, "good")
    label = f"{each.name}: {wording.MEASURED[each.kind]}"
    arrows = [
        f'<path d="M{_at(end):.1f} {y} l{-6 * side} -4 l0 8 z" class="{kind}"/>'
        for end, side in ((low, -1), (high, 1))
        if abs(end) > _SPAN
    ]
    return (
        f"{_words(_LEFT - 12, y + 4, label[:40], 'label', 'end')}"
        f'<line x1="{_at(low):.1f}" x2="{_at(high):.1f}" y1="{y}" y2="{y}" class="bar {kind}" '
        f'stroke="currentColor"/>'
        f'<circle cx="{_at(each.change / each.tolerance):.1f}" cy="{y}" r="5" class="{kind}"/>'
        f"{''.join(arrows)}"
    )
