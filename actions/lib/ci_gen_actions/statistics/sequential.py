"""Pairs of one process each of two builds: has the second become slower?

A pair is the logarithm of the ratio of its two processes' times, so 0.05 is about 5 % slower.
After each of a few fixed numbers of pairs a benchmark is looked at, and stops by itself once
something is decided. Each look may raise a false alarm with a chance of
`alarm_error` / benchmarks / looks at most, so that all looks of all benchmarks together stay
within `alarm_error`, however the benchmarks depend on each other (Bonferroni's inequality).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .location import locate, packed
from .shrinkage import Prior, believed, shrunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

OPEN, ALARM, GAIN, PASSED = 0, 1, 2, 3
"""What a look can find: nothing yet, slower, faster, or no slower than is tolerated."""

POWER_QUANTILE = 1.6449
"""The 95 % quantile of the normal law, for the smallest change that is found that often."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """How it is decided. `edge` is a logarithm: what is nearer to 0 is no change at all.

    Fewer than `fewest` pairs decide nothing. `pass_error` is the chance, at one look, to pass a
    change as large as the tolerance. Before `quorum` pairs the median can still be moved by a few
    disturbed ones, so that an alarm also needs every single pair to be beyond the edge. Where
    more than `lopsided` of the pairs were set aside on one side, that may be the change itself,
    and nothing passes.
    """

    looks: tuple[int, ...] = (5, 8, 12, 18, 24, 32)
    alarm_error: float = 0.01
    pass_error: float = 0.005
    edge: float = math.log(1.01)
    fewest: int = 5
    clip: float = 3.0
    aside: float = 5.0
    quorum: int = 8
    lopsided: float = 0.25


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is tolerated of each benchmark, as logarithms: slower, and faster before it is told."""

    slower: Floats
    faster: Floats


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided of each benchmark, and from how much.

    `outcome` is OPEN, ALARM, GAIN or PASSED; `pairs` is how many were looked at. `estimate` is
    the change, `low` and `high` the ends of the interval that a pass is decided by (two-sided
    confidence 1 - 2 `pass_error`), `margin` the half width of the one that an alarm is decided
    by, `error` the standard error; all logarithms, NaN where nothing can be said. `aside` is how
    many pairs were set aside; `detectable` the change that is found with a chance of 95 %.
    """

    outcome: Whole
    pairs: Whole
    estimate: Floats
    low: Floats
    high: Floats
    margin: Floats
    error: Floats
    aside: Floats
    detectable: Floats


_PARTS = ("estimate", "low", "high", "margin", "error", "aside", "detectable")


def decide(
    pairs: Floats,
    prior: Prior,
    limits: Limits,
    *,
    design: Design,
    ended: bool = True,
    comparisons: int | None = None,
) -> Decision:
    """Look at the pairs as they came in, shape (..., benchmarks, pairs), NaN where one is missing.

    Prior and limits have the shape of the benchmarks. `ended` says that no more pairs will come:
    then the last ones are looked at whatever their number. `comparisons` is how many benchmarks
    share the error, by default all of the last axis. The same pairs give the same decision,
    whether they are looked at one after the other or all at once.
    """
    import numpy as np

    shape = pairs.shape[:-1]
    data = packed(pairs)
    counts = (~np.isnan(data)).sum(-1)
    share = design.alarm_error / (comparisons or shape[-1]) / len(design.looks)
    state = {name: np.full(shape, np.nan) for name in _PARTS}
    outcome, seen = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for size in _sizes(design, data.shape[-1]):
        due = (outcome == OPEN) & ((counts >= size) | (ended & (counts > seen)))
        if not due.any():
            continue
        found = _look(data[..., :size], due, prior, limits, share=share, design=design)
        for name in _PARTS:
            state[name][due] = found[name]
        outcome[due] = found["outcome"]
        seen[due] = np.minimum(counts, size)[due]
    return Decision(outcome=outcome, pairs=seen, **state)


def next_look(pairs: int, design: Design) -> int:
    """The number of pairs at which one looks next, 0 where no look is left."""
    return next((size for size in design.looks if size > pairs), 0)


def detectable(variance: float, df: float, pairs: int, share: float, design: Design) -> float:
    """The smallest change, as a logarithm, that so many pairs find with a chance of 95 %.

    `variance` is that of a pair and `df` its degrees of freedom; `share` is the error of one
    look. For planning: how many rounds a budget of time is worth.
    """
    import numpy as np

    from .quantiles import student

    error = math.sqrt(variance / pairs)
    (quantile,) = student(share, np.array([df + pairs - 1]))
    return design.edge + error * (float(quantile) + POWER_QUANTILE)


def _sizes(design: Design, longest: int) -> tuple[int, ...]:
    """The looks; the last takes all that there is."""
    return (*design.looks[:-1], max(design.looks[-1], longest))


def _look(
    data: Floats, due: Any, prior: Prior, limits: Limits, *, share: float, design: Design
) -> dict[str, Any]:
    """One look at the benchmarks that are due; values in the order of `due`."""
    import numpy as np

    from .quantiles import student

    rows = data[due]
    found = locate(
        rows, np.sqrt(prior.variance[due]), prior.df[due], clip=design.clip, aside=design.aside
    )
    squares, kept = np.ones(due.shape), np.ones(due.shape)
    squares[due], kept[due] = found.squares, found.kept
    trusted = believed(prior, squares, kept, due)
    variance, df = shrunk(trusted, squares, kept)
    error = np.where(df >= 1, np.sqrt(variance / kept), np.nan)[due]
    passing = error * student(design.pass_error, df[due])
    margin = error * student(share, df[due])
    values = {
        "estimate": found.mean,
        "low": found.mean - passing,
        "high": found.mean + passing,
        "margin": margin,
        "error": error,
        "aside": found.above + found.below,
    }
    slower, faster = limits.slower[due], limits.faster[due]
    smallest = np.maximum(design.edge + margin, slower / 2)
    values["detectable"] = smallest + POWER_QUANTILE * error
    count = (~np.isnan(rows)).sum(-1)
    up = _beyond(rows, count, found.mean, margin, slower, design)
    down = _beyond(-rows, count, -found.mean, margin, faster, design)
    lopsided = np.abs(found.above - found.below) > design.lopsided * count
    fine = (values["high"] < slower) & ~lopsided & (count >= design.fewest)
    outcome = np.where(up, ALARM, np.where(down, GAIN, np.where(fine, PASSED, OPEN)))
    return {**values, "outcome": outcome}


def _beyond(
    rows: Floats, count: Whole, mean: Floats, margin: Floats, tolerance: Floats, design: Design
) -> Any:
    """Whether each row has surely grown beyond the edge, and by half the tolerance at least."""
    import numpy as np

    agreed = (np.where(np.isnan(rows), np.inf, rows) > design.edge).all(-1)
    sure = (mean - margin > design.edge) & (mean >= tolerance / 2)
    return sure & ((count >= design.quorum) | agreed) & (count >= design.fewest)
