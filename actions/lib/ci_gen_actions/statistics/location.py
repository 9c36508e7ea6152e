"""Where the middle of a few noisy values lies, when some of them are disturbed.

Values farther from the median than `clip` standard deviations count as that far (Huber's
clipping); those farther than `aside` were disturbed by something else, and do not count (the
redescending end of Hampel's function). Sources: Huber, Robust Statistics (1981), chapter 3;
Hampel et al., Robust Statistics (1986), section 2.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MAD_TO_SD = 1.4826
"""The standard deviation of a normal law in units of its median absolute deviation."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """The middle of each row. `squares` is the sum of squared deviations of the `kept` values
    from `mean`; `above` and `below` count those that were set aside on either side.
    """

    mean: Floats
    squares: Floats
    kept: Floats
    above: Floats
    below: Floats


def locate(rows: Floats, scale: Floats, weight: Floats, *, clip: float, aside: float) -> Location:
    """The middle of each row of `rows`, whose missing values are NaN and stand last.

    `scale` is the standard deviation known from before and `weight` its degrees of freedom (0
    where nothing is known): both shape (rows,). A row needs at least one value.
    """
    import numpy as np

    present = ~np.isnan(rows)
    count = present.sum(-1).astype(float)
    middle = median_of(rows, count)[:, None]
    away = np.abs(rows - middle)
    own = MAD_TO_SD * median_of(away, count)
    known = np.where(weight > 0, scale, 0.0)
    degrees = np.maximum(weight + count - 1, 1.0)
    width = np.sqrt((weight * known**2 + (count - 1) * own**2) / degrees)[:, None]
    # More than half of the values alike have no spread to measure the rest by.
    width = np.where(width > 0, width, np.inf)
    keep = present & (away <= aside * width)
    clipped = np.where(keep, np.clip(rows, middle - clip * width, middle + clip * width), 0.0)
    kept = keep.sum(-1).astype(float)
    mean = clipped.sum(-1) / kept
    squares = np.where(keep, (clipped - mean[:, None]) ** 2, 0.0).sum(-1)
    out = present & ~keep
    above = (out & (rows > middle)).sum(-1).astype(float)
    return Location(mean=mean, squares=squares, kept=kept, above=above, below=out.sum(-1) - above)


def packed(values: Floats) -> Floats:
    """`values` with what is missing (NaN) moved to the end of the last axis, order kept."""
    import numpy as np

    missing = np.isnan(values)
    if not missing.any():
        return values
    return np.take_along_axis(values, np.argsort(missing, axis=-1, kind="stable"), -1)


def median_of(rows: Floats, count: Floats) -> Floats:
    """The median of each row's first `count` values in order; NaN sorts last."""
    import numpy as np

    ordered = np.sort(rows, axis=-1)
    low = ((count - 1) // 2).astype(int)[:, None]
    high = (count // 2).astype(int)[:, None]
    return np.asarray(
        (np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1))[:, 0] / 2
    )
