from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.statistics.chunks import mean

values = st.lists(st.floats(-1, 1), min_size=2, max_size=60)


@given(values)
def test_of_equal_weights_it_is_the_usual_mean_and_its_error_at_least_the_usual(
    each: list[float],
) -> None:
    found = mean(each)
    assert found.value == pytest.approx(float(np.mean(each)), abs=1e-12)
    usual = float(np.std(each, ddof=1)) / math.sqrt(len(each))
    assert found.error >= usual - 1e-12
    assert found.effective <= len(each) + 1e-9
    if found.autocorrelation == 0:
        assert found.error == pytest.approx(usual, abs=1e-12)


@given(values, st.floats(0.001, 0.4))
def test_scaling_scales(each: list[float], chance: float) -> None:
    one, ten = mean(each), mean([10 * value for value in each])
    assert ten.error == pytest.approx(10 * one.error, rel=1e-6, abs=1e-12)
    if math.isfinite(one.margin(chance)):
        assert ten.margin(chance) == pytest.approx(10 * one.margin(chance), rel=1e-4, abs=1e-10)


def test_weights_count() -> None:
    assert mean([0.0, 1.0], [3.0, 1.0]).value == 0.25


def test_one_difference_bounds_nothing() -> None:
    assert mean([0.5]).margin(0.01) == math.inf
    with pytest.raises(ValueError, match="no difference"):
        mean([])


def test_equal_differences_are_certain() -> None:
    found = mean([0.25] * 10)
    assert (found.error, found.margin(0.01)) == (0.0, 0.0)


def test_student_by_hand() -> None:
    found = mean([1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 6.0, -1.0, 7.0])
    # the 99 % quantile of Student's t with 8 degrees of freedom is 2.896
    assert found.autocorrelation == 0.0
    assert found.margin(0.01) == pytest.approx(2.896 * found.error, rel=1e-3)
    assert found.detectable(alpha=0.01) == pytest.approx((2.896 + 1.6449) * found.error, rel=1e-3)
    assert found.detectable(alpha=0.01, least=99) == pytest.approx(99 + 1.6449 * found.error)


@pytest.mark.parametrize("likeness", [0.0, 0.3, 0.6])
def test_neighbours_that_are_alike_raise_no_more_alarms(likeness: float) -> None:
    rng = np.random.default_rng(7)
    alarms, trials, count = 0, 1500, 60
    for _ in range(trials):
        noise = rng.standard_normal(count + 30)
        series = np.zeros(count + 30)
        for at in range(1, count + 30):
            series[at] = likeness * series[at - 1] + noise[at]
        found = mean(list(series[30:]))
        alarms += found.value > found.margin(0.05)
    # without the correction 0.6 gives 20 %
    assert alarms / trials < 0.075
