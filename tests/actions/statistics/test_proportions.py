from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.statistics.proportions import (
    Flips,
    _significant,
    bound,
    detectable,
    interval,
    mcnemar,
    power,
)


@st.composite
def flips(draw: st.DrawFn) -> Flips:
    total = draw(st.integers(1, 500))
    lost = draw(st.integers(0, total))
    return Flips(lost=lost, gained=draw(st.integers(0, total - lost)), total=total)


@given(flips())
def test_mcnemar_is_the_tail_of_fair_coins(each: Flips) -> None:
    count = each.lost + each.gained
    tail = sum(math.comb(count, k) for k in range(each.lost, count + 1)) / 2**count
    assert mcnemar(each) == pytest.approx(tail, rel=1e-9)


@pytest.mark.parametrize(
    ("lost", "gained", "wanted"), [(0, 0, 1.0), (7, 0, 0.0078125), (6, 0, 0.015625), (5, 5, 0.623)]
)
def test_mcnemar_by_hand(lost: int, gained: int, wanted: float) -> None:
    assert mcnemar(Flips(lost=lost, gained=gained, total=100)) == pytest.approx(wanted, abs=1e-3)


@given(flips())
def test_the_interval_holds_the_drop_and_mirrors(each: Flips) -> None:
    low, high = interval(each, 0.01)
    assert -1 <= low <= each.drop + 1e-9
    assert each.drop - 1e-9 <= high <= 1
    mirrored = interval(each.turned, 0.01)
    assert (-mirrored[1], -mirrored[0]) == pytest.approx((low, high))
    assert bound(each, 0.05) <= high + 1e-9


@pytest.mark.parametrize(("loss", "gain"), [(0.02, 0.02), (0.06, 0.01), (0.10, 0.05), (0.01, 0)])
def test_the_bound_holds_as_often_as_it_says(loss: float, gain: float) -> None:
    """Over every outcome of 60 questions, each with its exact chance."""
    total, missed = 60, 0.0
    for lost in range(total + 1):
        for gained in range(total + 1 - lost):
            ways = math.comb(total, lost) * math.comb(total - lost, gained)
            rest = (1 - loss - gain) ** (total - lost - gained)
            chance = ways * loss**lost * gain**gained * rest
            if chance > 1e-9:
                each = Flips(lost=lost, gained=gained, total=total)
                missed += chance * (bound(each, 0.05) < loss - gain)
    assert missed <= 0.065


def test_nothing_flipped_bounds_by_the_number_of_questions() -> None:
    # with z = 2.326 the score bound is z^2 / (n + z^2)
    z2 = 2.3263478740408408**2
    assert bound(Flips(lost=0, gained=0, total=400), 0.01) == pytest.approx(z2 / (400 + z2))


def test_power_is_what_counting_says() -> None:
    # alpha 1 %: 7 losses of 7 flips; losses alone, so P(X >= 7) for Binomial(400, 0.03)
    tail = 1 - sum(math.comb(400, k) * 0.03**k * 0.97 ** (400 - k) for k in range(7))
    assert power(total=400, loss=0.03, gain=0.0, alpha=0.01) == pytest.approx(tail, abs=1e-9)
    assert power(total=400, loss=0.0, gain=0.0, alpha=0.01) == 0.0


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.0025, 0.5**7])
def test_the_fewest_significant_losses_are_mcnemars(alpha: float) -> None:
    counts = np.arange(0, 300)
    for count, fewest in zip(counts, _significant(counts, alpha), strict=True):
        if fewest <= count:
            lost = int(fewest)
            gained = int(count - fewest)
            assert mcnemar(Flips(lost=lost, gained=gained, total=300)) <= alpha
        if 0 < fewest - 1 <= count:
            lost = int(fewest) - 1
            one_less = Flips(lost=lost, gained=int(count) - lost, total=300)
            assert mcnemar(one_less) > alpha


def test_the_reference_points_of_planning() -> None:
    # 5 points at N = 400 with 1 % gained by chance, 3 points at N = 800
    assert power(total=400, loss=0.06, gain=0.01, alpha=0.01) == pytest.approx(0.94, abs=0.01)
    assert power(total=800, loss=0.04, gain=0.01, alpha=0.01) == pytest.approx(0.93, abs=0.02)


@given(st.integers(50, 800), st.integers(0, 10), st.floats(0.001, 0.05))
def test_what_is_detectable_is_found_that_often(total: int, churn: int, alpha: float) -> None:
    each = Flips(lost=churn, gained=churn, total=total)
    drop = detectable(each, alpha=alpha)
    assert 0 < drop <= 1
    share = churn / total
    if drop < 1 - 2 * share:
        assert power(total=total, loss=share + drop, gain=share, alpha=alpha) >= 0.95 - 1e-3
        less = max(drop - 0.01, 0.0)
        assert power(total=total, loss=share + less, gain=share, alpha=alpha) <= 0.951


def test_a_handful_of_questions_shows_nothing() -> None:
    assert detectable(Flips(lost=0, gained=0, total=6), alpha=0.01) == 1.0
