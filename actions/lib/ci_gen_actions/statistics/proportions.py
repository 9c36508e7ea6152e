"""Right and wrong answers to the same questions, twice: have they become worse?

Only questions whose answer flipped tell anything. `lost` were right and are wrong now, `gained`
the other way round; of `total` questions. The drop is (lost - gained) / total.

Sources: McNemar, Psychometrika 12 (1947) 153-157, in its exact form; Tango, Statistics in
Medicine 17 (1998) 891-908, for the interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

POWER = 0.95
"""How often a change of the size that is called detectable is found."""
_STEPS = 60


@dataclass(frozen=True, kw_only=True)
class Flips:
    """How many answers flipped, of how many questions."""

    lost: int
    gained: int
    total: int

    @property
    def drop(self) -> float:
        """The drop of the share of right answers, from -1 to 1."""
        return (self.lost - self.gained) / self.total

    @property
    def turned(self) -> Flips:
        """The same from the other side: losses as gains."""
        return Flips(lost=self.gained, gained=self.lost, total=self.total)


def mcnemar(flips: Flips) -> float:
    """The chance of so many losses or more where flips go both ways alike (one-sided, exact).

    P(X >= lost) for X ~ Binomial(lost + gained, 1/2); 1 where nothing flipped.
    """
    from scipy.special import bdtrc  # type: ignore[import-untyped]

    if not flips.lost:
        return 1.0
    return float(bdtrc(flips.lost - 1, flips.lost + flips.gained, 0.5))


def bound(flips: Flips, error: float) -> float:
    """The upper bound of the drop that holds but with the chance `error` (Tango's score).

    The largest drop d with (lost - gained - n d) / sqrt(n (2 q + d (1 - d))) = -z, where q is
    the likeliest share of gains given d.
    """
    from scipy.special import ndtri

    quantile = float(ndtri(1 - error))
    low, high = flips.drop, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _score(flips, middle) > -quantile:
            low = middle
        else:
            high = middle
    return high


def interval(flips: Flips, error: float) -> tuple[float, float]:
    """Lower and upper bound of the drop, each exceeded with the chance `error`."""
    return -bound(flips.turned, error), bound(flips, error)


def _score(flips: Flips, drop: float) -> float:
    count = flips.total
    a = 2 * count
    b = -flips.lost - flips.gained + (2 * count - flips.lost + flips.gained) * drop
    c = -flips.gained * drop * (1 - drop)
    gains = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = count * (2 * gains + drop * (1 - drop))
    distance = flips.lost - flips.gained - count * drop
    if variance <= 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def power(*, total: int, loss: float, gain: float, alpha: float, least: float = 0.0) -> float:
    """How often a change is found: McNemar's p at most `alpha` and the drop at least `least`.

    `loss` and `gain` are the shares of questions that flip either way. Exact: over every number
    of flips, and every number of losses among them.
    """
    import numpy as np
    from scipy.special import bdtrc, gammaln, xlog1py, xlogy

    flipped = min(loss + gain, 1.0)
    if flipped <= 0:
        return 0.0
    spread = 10 * math.sqrt(total * flipped * (1 - flipped)) + 10
    low = max(0, math.floor(total * flipped - spread))
    counts = np.arange(low, min(total, math.ceil(total * flipped + spread)) + 1)
    enough = np.ceil((counts + least * total) / 2 - 1e-9)
    needed = np.maximum(np.maximum(_significant(counts, alpha), enough), 1.0)
    possible = needed <= counts
    found = np.where(possible, bdtrc(np.minimum(needed, counts) - 1, counts, loss / flipped), 0.0)
    ways = gammaln(total + 1) - gammaln(counts + 1) - gammaln(total - counts + 1)
    chances = np.exp(ways + xlogy(counts, flipped) + xlog1py(total - counts, -flipped))
    return float(np.sum(chances * found))


def _significant(counts: Any, alpha: float) -> Any:
    """The fewest losses of each number of flips that are significant; one more where none is."""
    import numpy as np
    from scipy.special import bdtrc, bdtrik

    flips = np.maximum(counts, 1)
    guess = np.clip(np.ceil(bdtrik(1 - alpha, flips, 0.5)), 0, flips)
    # the inverse may be off by one where it is nearly a whole number
    low = np.where((guess > 0) & (bdtrc(guess - 1, flips, 0.5) <= alpha), guess - 1, guess)
    high = np.where(bdtrc(np.minimum(low, flips - 1), flips, 0.5) > alpha, low + 1, low)
    return high + 1.0


def detectable(flips: Flips, *, alpha: float, least: float = 0.0, wanted: float = POWER) -> float:
    """The smallest drop that is found with the chance `wanted`, were flips as frequent as here.

    Flips that cancel each other are taken as half of those seen, each way. 1 where even the loss
    of all would not be found.
    """
    churn = (flips.lost + flips.gained) / (2 * flips.total)
    highest = 1 - 2 * churn

    def found(drop: float) -> bool:
        chance = power(total=flips.total, loss=churn + drop, gain=churn, alpha=alpha, least=least)
        return chance >= wanted

    if highest <= 0 or not found(highest):
        return 1.0
    low, high = 0.0, highest
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high
