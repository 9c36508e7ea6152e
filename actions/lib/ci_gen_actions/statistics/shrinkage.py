"""What is known of noise from before, and how far it is believed.

A variance estimated from few pairs is uncertain; one from a history of pairs of the same build
(A/A) is not, but may be out of date. The two are joined as a scaled inverse chi-square prior
with its own degrees of freedom (Smyth, Stat. Appl. Genet. Mol. Biol. 3 (2004), article 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

PRIOR_DF = 20.0
"""The most degrees of freedom that a history counts for."""
STALE = 0.01
"""The chance that a true history is thought out of date."""


@dataclass(frozen=True, kw_only=True)
class Prior:
    """The variance of a pair as the history knows it, and its degrees of freedom, 0 for none.

    Both have the shape of the benchmarks.
    """

    variance: Floats
    df: Floats


def no_prior(shape: tuple[int, ...]) -> Prior:
    """Nothing is known."""
    import numpy as np

    return Prior(variance=np.ones(shape), df=np.zeros(shape))


def prior_of(pairs: Floats, *, clip: float, aside: float) -> Prior:
    """What pairs of one and the same build tell: shape (..., pairs), NaN where one is missing.

    Fewer than three pairs tell nothing.
    """
    import numpy as np

    from .location import locate, packed

    shape = pairs.shape[:-1]
    rows = packed(pairs.reshape(-1, pairs.shape[-1]))
    known = (~np.isnan(rows)).sum(-1) >= 3
    variance, df = np.ones(len(rows)), np.zeros(len(rows))
    if known.any():
        nothing = np.zeros(int(known.sum()))
        found = locate(rows[known], nothing, nothing, clip=clip, aside=aside)
        enough = (found.kept >= 3) & (found.squares > 0)
        variance[known] = np.where(enough, found.squares / np.maximum(found.kept - 1, 1), 1.0)
        df[known] = np.where(enough, np.minimum(found.kept - 1, PRIOR_DF), 0.0)
    return Prior(variance=variance.reshape(shape), df=df.reshape(shape))


def believed(prior: Prior, squares: Floats, kept: Floats, measured: Flags) -> Prior:
    """The prior as far as this run does not contradict it. Shapes (..., benchmarks).

    Where the benchmarks together are noisier than the history says, all of its variances are
    raised by their median excess; where one benchmark still is beyond chance, its prior is
    dropped. `measured` says which benchmarks have been looked at.
    """
    import numpy as np

    from .quantiles import chi_square_median, fisher

    usable = measured & (prior.df > 0) & (kept >= 2)
    degrees = np.maximum(kept - 1, 1.0)
    own = squares / degrees
    usual = prior.variance * chi_square_median(degrees)
    excess = np.where(usable, own / np.where(usable, usual, 1.0), np.nan)
    factor = np.maximum(_last_median(excess), 1.0)[..., None]
    variance = prior.variance * factor
    beyond = usable & (own > variance * fisher(STALE, degrees, prior.df))
    return Prior(variance=variance, df=np.where(beyond, 0.0, prior.df))


def shrunk(prior: Prior, squares: Floats, kept: Floats) -> tuple[Floats, Floats]:
    """The variance of a pair from prior and run together, and its degrees of freedom."""
    import numpy as np

    df = prior.df + kept - 1
    variance = (prior.df * prior.variance + squares) / np.maximum(df, 1.0)
    return variance, df


def _last_median(values: Floats) -> Floats:
    """The median along the last axis of what is not NaN; 1 where nothing is."""
    import numpy as np

    from .location import median_of

    rows = values.reshape(-1, values.shape[-1])
    count = (~np.isnan(rows)).sum(-1).astype(float)
    found = np.where(count > 0, median_of(rows, np.maximum(count, 1.0)), 1.0)
    return np.asarray(found.reshape(values.shape[:-1]))
