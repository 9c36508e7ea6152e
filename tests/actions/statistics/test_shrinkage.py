from __future__ import annotations

import numpy as np
import pytest

from ci_gen_actions.statistics import quantiles
from ci_gen_actions.statistics.shrinkage import (
    PRIOR_DF,
    Prior,
    believed,
    no_prior,
    prior_of,
    shrunk,
)


def history(pairs: np.ndarray) -> Prior:
    return prior_of(pairs, clip=3.0, aside=5.0)


def test_a_history_tells_its_variance_and_how_sure_it_is() -> None:
    found = history(np.random.default_rng(1).normal(0, 0.03, (50, 16)))
    assert 0.8 * 0.03**2 < np.median(found.variance) < 1.2 * 0.03**2
    assert set(found.df.tolist()) <= {13.0, 14.0, 15.0}


def test_a_long_history_counts_for_no_more_than_so_much() -> None:
    assert history(np.random.default_rng(1).normal(0, 0.03, (1, 300))).df == PRIOR_DF


@pytest.mark.parametrize("values", [[], [0.1], [0.1, 0.2], [0.1, 0.2, np.nan], [0.1] * 5])
def test_too_little_tells_nothing(values: list[float]) -> None:
    assert history(np.array([values or [np.nan]])).df == 0


def test_disturbed_pairs_of_a_history_do_not_count() -> None:
    pairs = np.random.default_rng(2).normal(0, 0.03, (1, 40))
    clean = history(pairs).variance[0]
    pairs[0, [3, 9]] = (0.9, -0.7)
    assert history(pairs).variance[0] < 1.2 * clean


def test_a_noisier_run_raises_the_priors_of_all() -> None:
    prior = Prior(variance=np.full(20, 1.0), df=np.full(20, 20.0))
    kept = np.full(20, 5.0)
    calm = believed(prior, np.full(20, 4 * 0.8), kept, np.full(20, True))
    assert calm.variance.tolist() == [1.0] * 20
    wild = believed(prior, np.full(20, 4 * 4.0), kept, np.full(20, True))
    assert (wild.variance > 4.0).all()
    assert (wild.df == 20).all()


def test_one_benchmark_beyond_chance_loses_its_prior() -> None:
    prior = Prior(variance=np.full(20, 1.0), df=np.full(20, 20.0))
    squares = np.full(20, 4 * 0.8)
    squares[7] = 4 * 20.0
    found = believed(prior, squares, np.full(20, 5.0), np.full(20, True))
    assert found.df[7] == 0
    assert (np.delete(found.df, 7) == 20).all()


def test_benchmarks_that_are_not_looked_at_have_no_say() -> None:
    prior = Prior(variance=np.full(3, 1.0), df=np.full(3, 20.0))
    squares = np.array([4.0 * 0.8, 400.0, 400.0])
    looked = np.array([True, False, False])
    assert believed(prior, squares, np.full(3, 5.0), looked).variance[0] == 1.0


def test_prior_and_run_are_joined_by_their_degrees_of_freedom() -> None:
    prior = Prior(variance=np.array([1.0]), df=np.array([20.0]))
    variance, df = shrunk(prior, np.array([12.0]), np.array([5.0]))
    assert (variance[0], df[0]) == (32.0 / 24.0, 24.0)
    variance, df = shrunk(no_prior((1,)), np.array([12.0]), np.array([5.0]))
    assert (variance[0], df[0]) == (3.0, 4.0)


def test_quantiles_are_those_of_the_tables() -> None:
    """Student's t at 5 % and 4 degrees of freedom, F(4, 20) at 1 %, from printed tables."""
    assert quantiles.student(0.05, np.array([4.0]))[0] == pytest.approx(2.132, abs=5e-4)
    found = quantiles.fisher(0.01, np.array([4.0]), np.array([20.0]))[0]
    assert found == pytest.approx(4.431, abs=5e-4)
    assert quantiles.chi_square_median(np.array([4.0]))[0] == pytest.approx(3.3567 / 4, abs=1e-4)


def test_without_a_degree_of_freedom_nothing_is_bounded() -> None:
    assert quantiles.student(0.05, np.array([0.0]))[0] == np.inf
    assert quantiles.fisher(0.01, np.array([0.0]), np.array([3.0]))[0] == np.inf
