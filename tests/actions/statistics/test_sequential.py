from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.statistics.sequential import (
    ALARM,
    GAIN,
    OPEN,
    PASSED,
    Decision,
    Design,
    Limits,
    decide,
    detectable,
    next_look,
)
from ci_gen_actions.statistics.shrinkage import Prior, no_prior

DESIGN = Design()
TOLERANCE = math.log(1.05)


def prior(shape: tuple[int, ...], sd: float = 0.03, df: float = 20.0) -> Prior:
    return Prior(variance=np.full(shape, sd**2), df=np.full(shape, df))


def limits(shape: tuple[int, ...]) -> Limits:
    return Limits(slower=np.full(shape, TOLERANCE), faster=np.full(shape, TOLERANCE))


def decided(
    pairs: np.ndarray, known: Prior | None = None, *, ended: bool = True, **more: object
) -> Decision:
    shape = pairs.shape[:-1]
    design = Design(**more)  # type: ignore[arg-type]
    return decide(pairs, known or prior(shape), limits(shape), design=design, ended=ended)


def noisy(change: float, seed: int = 1, shape: tuple[int, ...] = (20, 32)) -> np.ndarray:
    return np.random.default_rng(seed).normal(math.log1p(change), 0.03, shape)


def test_a_large_change_is_an_alarm_and_none_is_a_pass() -> None:
    assert set(decided(noisy(0.10)).outcome.tolist()) == {ALARM}
    assert set(decided(noisy(-0.10)).outcome.tolist()) == {GAIN}
    unchanged = decided(noisy(0.0))
    assert set(unchanged.outcome.tolist()) == {PASSED}
    assert unchanged.pairs.mean() < 8


def test_the_interval_is_what_a_pass_is_decided_by() -> None:
    found = decided(noisy(0.0))
    assert (found.high < TOLERANCE).all()
    assert (found.low < found.estimate).all()
    assert (found.margin > found.high - found.estimate).all()


def test_noise_leaves_it_open_and_tells_what_could_be_found() -> None:
    pairs = np.random.default_rng(3).normal(math.log(1.04), 0.2, (20, 32))
    found = decided(pairs, prior((20,), sd=0.2))
    assert (found.outcome == OPEN).sum() > 15
    still = found.outcome == OPEN
    assert (found.detectable[still] > 0.15).all()
    assert (found.pairs[still] == 32).all()


@given(st.integers(0, 10_000), st.integers(1, 32), st.floats(-0.1, 0.1))
def test_looking_in_between_and_at_once_decide_the_same(seed: int, rounds: int, by: float) -> None:
    pairs = noisy(by, seed, (4, 32))
    pairs[:, rounds:] = np.nan
    at_once = decided(pairs, ended=False)
    for so_far in range(1, rounds + 1):
        step = decided(pairs[:, :so_far], ended=False)
        closed = step.outcome != OPEN
        assert (at_once.outcome[closed] == step.outcome[closed]).all()
        assert (at_once.pairs[closed] == step.pairs[closed]).all()
        np.testing.assert_allclose(at_once.estimate[closed], step.estimate[closed])


@given(st.integers(0, 10_000), st.integers(0, 31))
def test_a_missing_pair_is_as_if_it_had_never_been(seed: int, place: int) -> None:
    pairs = noisy(0.03, seed, (1, 32))
    pairs[0, place] = np.nan
    gone = np.delete(pairs, place, axis=1)
    with_gap, without = decided(pairs), decided(gone)
    assert with_gap.outcome == without.outcome
    assert with_gap.pairs == without.pairs
    np.testing.assert_allclose(with_gap.estimate, without.estimate)


@given(st.integers(0, 10_000))
def test_slower_and_faster_are_mirror_images(seed: int) -> None:
    pairs = noisy(0.06, seed, (5, 32)) * 2
    up, down = (decided(each, pass_error=1e-300) for each in (pairs, -pairs))
    assert (up.outcome == ALARM).any()
    assert ((up.outcome == ALARM) == (down.outcome == GAIN)).all()
    assert (up.pairs == down.pairs).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_few_pairs_decide_nothing(count: int) -> None:
    pairs = noisy(0.5)[:, :count] if count else np.full((20, 1), np.nan)
    found = decided(pairs)
    assert set(found.outcome.tolist()) == {OPEN}
    assert (found.pairs == count).all()
    assert np.isnan(found.estimate).all() == (count == 0)


def test_five_pairs_alarm_only_where_each_of_them_is_slower() -> None:
    agreed = np.array([[0.20, 0.21, 0.22, 0.20, 0.21]])
    assert decided(agreed).outcome == ALARM
    disturbed = np.array([[0.20, 0.21, 0.22, 0.0, 0.001]])
    assert decided(disturbed).outcome == OPEN


def test_disturbed_pairs_are_set_aside_and_counted() -> None:
    pairs = noisy(0.0, 5, (1, 32))
    pairs[0, [2, 11, 20]] = (0.6, -0.5, 0.7)
    found = decided(pairs, looks=(32,))
    assert found.aside == 3
    assert abs(found.estimate[0]) < 0.02


def test_what_is_disturbed_on_one_side_too_often_does_not_pass() -> None:
    pairs = noisy(0.0, 5, (1, 32)) / 3
    pairs[0, ::3] = 0.4
    found = decided(pairs, prior((1,), sd=0.01))
    assert found.outcome != PASSED


def test_a_history_that_is_out_of_date_is_not_believed() -> None:
    """Twice the noise of the history, over many runs of 20 benchmarks that did not change."""
    pairs = np.random.default_rng(9).normal(0, 0.06, (1000, 20, 32))
    found = decided(pairs, prior((1000, 20), sd=0.03))
    assert (found.outcome == ALARM).any(-1).mean() <= 0.01


def test_without_a_history_it_still_decides() -> None:
    found = decided(noisy(0.10), no_prior((20,)))
    assert (found.outcome == ALARM).mean() > 0.9
    assert (decided(noisy(0.0), no_prior((20,))).outcome == ALARM).sum() == 0


def test_pairs_that_are_all_the_same_have_no_noise_to_speak_of() -> None:
    found = decided(np.full((2, 12), 0.2), no_prior((2,)))
    assert found.error.tolist() == [0.0, 0.0]
    assert set(found.outcome.tolist()) == {ALARM}


def test_the_error_is_shared_by_the_benchmarks() -> None:
    alone = decided(noisy(0.0, 1, (1, 32)))
    many = decide(noisy(0.0, 1, (1, 32)), prior((1,)), limits((1,)), design=DESIGN, comparisons=500)
    assert many.margin > alone.margin


def test_the_next_look() -> None:
    assert [next_look(each, DESIGN) for each in (0, 4, 5, 7, 31, 32, 40)] == [5, 5, 8, 8, 32, 0, 0]


def test_what_can_be_found_shrinks_with_the_pairs() -> None:
    found = [detectable(0.03**2, 20, each, 1e-4, DESIGN) for each in DESIGN.looks]
    assert found == sorted(found, reverse=True)
    assert found[-1] < TOLERANCE < found[0]
