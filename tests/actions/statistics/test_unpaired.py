from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ci_gen_actions.statistics.sequential import ALARM, GAIN, OPEN, PASSED, Decision, Design, Limits
from ci_gen_actions.statistics.unpaired import decide_unpaired


def compared(old: np.ndarray, new: np.ndarray) -> Decision:
    tolerance = np.full(len(old), math.log(1.05))
    limits = Limits(slower=tolerance, faster=tolerance)
    return decide_unpaired(old, new, limits, design=Design(), comparisons=len(old))


def noise(change: float, seed: int, shape: tuple[int, int] = (10, 20)) -> np.ndarray:
    return np.random.default_rng(seed).normal(math.log1p(change), 0.01, shape)


def test_changes_are_found_in_both_directions() -> None:
    assert set(compared(noise(0, 1), noise(0.08, 2)).outcome.tolist()) == {ALARM}
    assert set(compared(noise(0, 1), noise(-0.08, 2)).outcome.tolist()) == {GAIN}
    assert set(compared(noise(0, 1), noise(0, 2)).outcome.tolist()) == {PASSED}


def test_it_is_the_test_of_welch() -> None:
    old, new = np.linspace([-0.01], [0.01], 8).T, np.linspace([0.0], [0.05], 14).T
    found = compared(np.pad(old, ((0, 0), (0, 6)), constant_values=np.nan), new)
    known = stats.ttest_ind(new[0], old[0], equal_var=False)
    assert found.estimate[0] / found.error[0] == pytest.approx(known.statistic)
    interval = known.confidence_interval(0.99)
    assert (found.low[0], found.high[0]) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_few_processes_decide_nothing(count: int) -> None:
    found = compared(noise(0, 1)[:, :count], noise(0.5, 2))
    assert set(found.outcome.tolist()) == {OPEN}
    assert (found.pairs == count).all()
