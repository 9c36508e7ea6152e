"""The rules of other tools, as they document them: is the current build slower?

Each takes a world and the change of each benchmark, measures as its tool does, and says for each
pipeline and benchmark whether it would raise an alarm. What is stored from before comes from jobs
of its own, as it does there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from noise import Floats, World
from numpy.typing import NDArray
from scipy import stats

Flags = NDArray[np.bool_]
Rule = Callable[[World, Floats], Flags]


def _stored(world: World, jobs: int) -> Floats:
    """Means of one process's repetitions in earlier jobs: (pipelines, jobs, benchmarks)."""
    return np.asarray(np.exp(world.repetitions(world.job(1, jobs))).mean(-1)[..., 0])


def _now(world: World, change: Floats) -> Floats:
    """The same of the current build, in a job of its own: (pipelines, benchmarks)."""
    return np.asarray(_stored(world, 1)[:, 0] * np.exp(change))


def action_benchmark(world: World, change: Floats) -> Flags:
    """github-action-benchmark: worse than the last stored entry by `alert-threshold`, 200 %."""
    return np.asarray(_now(world, change) > 2.0 * _stored(world, 1)[:, 0])


def five_percent(world: World, change: Floats) -> Flags:
    """A fixed threshold: the mean is more than 5 % above the stored baseline."""
    return np.asarray(_now(world, change) > 1.05 * _stored(world, 1)[:, 0])


def bencher(world: World, change: Floats) -> Flags:
    """Bencher's t test: beyond the 0.99 quantile of Student's t over the last 64 entries."""
    history = _stored(world, 64)
    limit = history.mean(1) + stats.t.ppf(0.99, 63) * history.std(1, ddof=1)
    return np.asarray(_now(world, change) > limit)


def rustc_perf(world: World, change: Floats) -> Flags:
    """rustc-perf: a change beyond Q3 + 3 IQR of the last 30 changes between neighbours."""
    history = np.log(_stored(world, 31))
    deltas = np.abs(np.diff(history, axis=1))
    low, high = np.quantile(deltas, [0.25, 0.75], axis=1)
    return np.asarray(np.log(_now(world, change)) - history[:, -1] >= high + 3 * (high - low))


def benchstat_repetitions(world: World, change: Floats) -> Flags:
    """benchstat: Mann-Whitney at 0.05, ten repetitions of one process of each build."""
    old, new = np.moveaxis(world.repetitions(world.job(2)[:, 0], 10), 2, 0)
    p, slower = mann_whitney(old, new + change[:, None])
    return slower & (p < 0.05)


def benchstat_processes(world: World, change: Floats) -> Flags:
    """benchstat's test on ten processes of each build in turns."""
    p, slower = mann_whitney(*_ten(world, change))
    return slower & (p < 0.05)


def asv(world: World, change: Floats) -> Flags:
    """asv: Mann-Whitney below 0.002 and a ratio of medians above 1.1, processes in turns."""
    return _asv(world, change, 1.1)


def asv_five(world: World, change: Floats) -> Flags:
    """asv with a factor of 1.05."""
    return _asv(world, change, 1.05)


RULES: Mapping[str, tuple[Rule, int]] = {
    "github-action-benchmark, 200 %": (action_benchmark, 1),
    "fixed 5 %": (five_percent, 1),
    "benchstat, 10 repetitions": (benchstat_repetitions, 1),
    "benchstat, 10 processes": (benchstat_processes, 10),
    "asv, factor 1.1": (asv, 10),
    "asv, factor 1.05": (asv_five, 10),
    "Bencher, t 0.99": (bencher, 1),
    "rustc-perf's fence": (rustc_perf, 1),
}
"""The rules, and how many processes of the current build each one runs."""


def _asv(world: World, change: Floats, factor: float) -> Flags:
    old, new = _ten(world, change)
    p, _ = mann_whitney(old, new)
    return np.asarray((p < 0.002) & (np.median(new, -1) - np.median(old, -1) > np.log(factor)))


def _ten(world: World, change: Floats) -> tuple[Floats, Floats]:
    times = world.medians(world.job(20))[:, 0]
    return times[..., ::2], times[..., 1::2] + change[:, None]


def mann_whitney(old: Floats, new: Floats) -> tuple[Floats, Flags]:
    """The exact two-sided p of each row without ties, and whether the new values are higher."""
    above = (new[..., :, None] > old[..., None, :]).sum((-1, -2))
    table = _tails(new.shape[-1], old.shape[-1])
    most = new.shape[-1] * old.shape[-1]
    return table[np.maximum(above, most - above)], above * 2 > most


@cache
def _tails(first: int, second: int) -> Floats:
    """Twice the chance that U reaches each value, at most 1 (Mann and Whitney 1947)."""
    counts = np.zeros((first + 1, second + 1, first * second + 1))
    counts[0, :, 0] = counts[:, 0, 0] = 1
    for m in range(1, first + 1):
        for n in range(1, second + 1):
            counts[m, n] = counts[m, n - 1]
            counts[m, n, n:] += counts[m - 1, n, : first * second + 1 - n]
    ways = counts[first, second]
    return np.minimum(2 * np.cumsum(ways[::-1])[::-1] / ways.sum(), 1.0)
