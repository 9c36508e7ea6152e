from __future__ import annotations

import statistics

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.statistics.location import Location, locate, median_of, packed

VALUES = st.lists(st.floats(-1, 1), min_size=1, max_size=40)


def middle(values: list[float], scale: float = 0.0, weight: float = 0.0) -> Location:
    return locate(np.array([values]), np.array([scale]), np.array([weight]), clip=3.0, aside=5.0)


@given(VALUES)
def test_the_median_is_that_of_the_standard_library(values: list[float]) -> None:
    row = np.array([[*values, np.nan, np.nan]])
    assert median_of(row, np.array([float(len(values))]))[0] == statistics.median(values)


@given(st.lists(st.floats(-1, 1) | st.just(float("nan")), min_size=1, max_size=20))
def test_packing_keeps_order_and_values(values: list[float]) -> None:
    found = packed(np.array([values]))[0]
    kept = [each for each in values if each == each]
    assert found[: len(kept)].tolist() == kept
    assert np.isnan(found[len(kept) :]).all()


def test_values_without_outliers_have_their_mean() -> None:
    values = [0.1, 0.2, 0.15, 0.12, 0.18]
    found = middle(values)
    assert found.mean[0] == np.mean(values)
    assert np.isclose(found.squares[0] / 4, np.var(values, ddof=1))
    assert found.kept[0] == 5


def test_far_values_count_as_nearer_ones_and_the_farthest_not_at_all() -> None:
    near = [0.0, 0.01, -0.01, 0.02, -0.02, 0.0, 0.01, -0.01]
    clipped = middle([*near, 0.4], scale=0.1, weight=1000.0)
    assert clipped.kept[0] == 9
    assert clipped.mean[0] < np.mean([*near, 0.4])
    aside = middle([*near, 0.9, -0.8, 0.7], scale=0.1, weight=1000.0)
    assert (aside.kept[0], aside.above[0], aside.below[0]) == (8, 2, 1)
    assert np.isclose(aside.mean[0], np.mean(near))


@given(VALUES, st.floats(-2, 2))
def test_moving_all_values_moves_the_middle(values: list[float], by: float) -> None:
    before, after = middle(values), middle([each + by for each in values])
    assert np.isclose(after.mean[0], before.mean[0] + by, atol=1e-6)


@given(VALUES)
def test_the_middle_lies_among_the_values(values: list[float]) -> None:
    found = middle(values)
    assert min(values) - 1e-12 <= found.mean[0] <= max(values) + 1e-12
    assert 1 <= found.kept[0] <= len(values)


def test_rows_of_different_length_stand_side_by_side() -> None:
    rows = np.array([[1.0, 2.0, 3.0], [5.0, np.nan, np.nan]])
    found = locate(rows, np.zeros(2), np.zeros(2), clip=3.0, aside=5.0)
    assert found.mean.tolist() == [2.0, 5.0]
    assert found.kept.tolist() == [3.0, 1.0]
