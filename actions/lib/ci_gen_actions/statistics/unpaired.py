"""Two sets of processes that were not run in turns: a weaker test, and one look only.

Welch's t test (Biometrika 34 (1947), 28-35) on the logarithms of the processes' times, outliers
clipped as for pairs. Whatever changed between the two sessions besides the build counts as a
change, which no test can tell apart: pairs do not have that weakness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .location import Location, locate, packed
from .sequential import ALARM, GAIN, OPEN, PASSED, POWER_QUANTILE, Decision, Design, Limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def decide_unpaired(
    baseline: Floats, current: Floats, limits: Limits, *, design: Design, comparisons: int
) -> Decision:
    """Compare logarithms of times, each of shape (benchmarks, processes), NaN where missing.

    `pairs` of the decision is the number of processes of the smaller side.
    """
    import numpy as np

    from .quantiles import student

    old, new = _located(baseline, design), _located(current, design)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = [each.squares / (each.kept - 1) / each.kept for each in (old, new)]
        spread = parts[0] + parts[1]
        bottom = parts[0] ** 2 / (old.kept - 1) + parts[1] ** 2 / (new.kept - 1)
        df = np.where(bottom > 0, spread**2 / bottom, old.kept + new.kept - 2)
        error = np.sqrt(spread)
        passing = error * student(design.pass_error, df)
        margin = error * student(design.alarm_error / comparisons, df)
    estimate = new.mean - old.mean
    count = np.minimum(*((~np.isnan(each)).sum(-1) for each in (baseline, current)))
    enough = count >= design.fewest
    half = limits.slower / 2, limits.faster / 2
    up = enough & (estimate - margin > design.edge) & (estimate >= half[0])
    down = enough & (estimate + margin < -design.edge) & (estimate <= -half[1])
    fine = enough & (estimate + passing < limits.slower)
    smallest = np.maximum(design.edge + margin, half[0])
    return Decision(
        outcome=np.where(up, ALARM, np.where(down, GAIN, np.where(fine, PASSED, OPEN))),
        pairs=count,
        estimate=estimate,
        low=estimate - passing,
        high=estimate + passing,
        margin=margin,
        error=error,
        aside=old.above + old.below + new.above + new.below,
        detectable=smallest + POWER_QUANTILE * error,
    )


def _located(values: Floats, design: Design) -> Location:
    import numpy as np

    rows = packed(values)
    nothing = np.zeros(len(rows))
    return locate(rows, nothing, nothing, clip=design.clip, aside=design.aside)
