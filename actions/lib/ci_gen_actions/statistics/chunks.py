"""Paired differences along a text, whose neighbours may be alike: their mean and its error.

Chunks of one text come in an order, and what is hard in one may be hard in the next. Where the
differences are positively autocorrelated, n of them are worth fewer: with r the autocorrelation
of neighbours, n (1 - r) / (1 + r), as for an autoregressive series of first order (Zieba and
Ramza, Metrol. Meas. Syst. 18 (2011) 529-542; Bayley and Hammersley, J. R. Stat. Soc. Suppl. 8
(1946) 184-197). r is corrected for its bias in short series (Kendall, Biometrika 41 (1954)
403-404) and never taken below 0, so that the error is not made smaller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

POWER_QUANTILE = 1.6449
"""The 95 % quantile of the normal law."""
STRONGEST = 0.9
"""The largest autocorrelation that is believed: beyond, a text is one long chunk."""


@dataclass(frozen=True, kw_only=True)
class Mean:
    """The mean of differences, its standard error, and how many independent ones it is worth."""

    value: float
    error: float
    count: int
    effective: float
    autocorrelation: float

    def margin(self, chance: float) -> float:
        """Half the width of an interval whose one end is exceeded with that chance (Student).

        Infinite with fewer than two independent differences.
        """
        from scipy.special import stdtrit  # type: ignore[import-untyped]

        if self.effective < 2:
            return math.inf
        return float(stdtrit(self.effective - 1, 1 - chance)) * self.error if self.error else 0.0

    def detectable(self, *, alpha: float, least: float = 0.0) -> float:
        """The smallest change that is found with the chance 95 %.

        Found is what lies beyond the margin at `alpha` and is at least `least`.
        """
        return max(self.margin(alpha), least) + POWER_QUANTILE * self.error


def mean(differences: Sequence[float], weights: Sequence[float] | None = None) -> Mean:
    """The mean of differences in the order of the text, weighted by `weights`.

    Raises ValueError without a difference.
    """
    if len(differences) == 0:
        raise ValueError("there is no difference to take the mean of")
    import numpy as np

    values = np.asarray(differences, dtype=float)
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    shares = shares / shares.sum()
    value = float((shares * values).sum())
    count = len(values)
    if count < 2:
        return Mean(value=value, error=0.0, count=count, effective=1.0, autocorrelation=0.0)
    away = values - value
    # of a weighted mean: each deviation by its own share; n / (n - 1) as for equal shares
    variance = float(((shares * away) ** 2).sum()) * count / (count - 1)
    likeness = _autocorrelation(away.tolist())
    effective = count * (1 - likeness) / (1 + likeness)
    error = math.sqrt(variance * count / effective)
    return Mean(
        value=value,
        error=error,
        count=count,
        effective=effective,
        autocorrelation=likeness,
    )


def _autocorrelation(away: Sequence[float]) -> float:
    """That of neighbours, corrected, from 0 to STRONGEST."""
    import numpy as np

    values = np.asarray(away)
    squares = float((values**2).sum())
    count = len(values)
    if squares <= 0 or count < 4:
        return 0.0
    raw = float((values[1:] * values[:-1]).sum()) / squares
    corrected = (raw + 1 / count) / (1 - 3 / count)
    return min(max(corrected, 0.0), STRONGEST)
