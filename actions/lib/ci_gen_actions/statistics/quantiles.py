"""Quantiles of Student's t and of F, for whole arrays at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def student(error: float, df: Floats) -> Floats:
    """The value that Student's t exceeds with the chance `error`, for each `df`.

    Infinite where `df` is below 1: without a degree of freedom nothing is bounded.
    """
    import numpy as np
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    kinds, places = np.unique(df, return_inverse=True)
    values = np.where(kinds >= 1, stdtrit(np.maximum(kinds, 1.0), 1.0 - error), np.inf)
    return np.asarray(values[places.reshape(df.shape)])


def fisher(error: float, numerator: Floats, denominator: Floats) -> Floats:
    """The value that F exceeds with the chance `error`; infinite without a degree of freedom."""
    import numpy as np
    from scipy.special import fdtri

    both = np.stack([numerator.ravel(), denominator.ravel()])
    kinds, places = np.unique(both, axis=1, return_inverse=True)
    known = (kinds >= 1).all(axis=0)
    values = np.where(known, fdtri(*np.maximum(kinds, 1.0), 1.0 - error), np.inf)
    return np.asarray(values[places.reshape(numerator.shape)])


def chi_square_median(df: Floats) -> Floats:
    """The median of chi-square divided by `df`, for each `df` of at least 1."""
    import numpy as np
    from scipy.special import chdtri

    kinds, places = np.unique(df, return_inverse=True)
    return np.asarray((chdtri(kinds, 0.5) / kinds)[places.reshape(df.shape)])
