"""Machines that disturb benchmarks, each in its own way.

All times are logarithms, so that 0.05 is about 5 % slower. A process of a benchmark has a level of
its own, with a coefficient of variation of 2 % where the kind says nothing else, and repetitions
that scatter by another 1 % around that level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BENCHMARKS = 20
WITHIN = 0.01
REPETITIONS = 5

KINDS = {
    "clean": "2 % between processes",
    "shared": "also 3 % between jobs, a drift, and 3 % of processes 10 to 60 % slower",
    "drift": "10 % up or down from the first process of a job to the last",
    "hiccups": "5 % of processes are 10 to 60 % slower",
    "throttling": "15 % slower in stretches of about eight processes, a third of the time",
    "autocorrelation": "each process resembles the one before (0.7)",
    "heteroscedastic": "benchmarks of 1 to 3 %, and a fifth of processes twice as noisy",
    "bimodal": "two modes, 4 % apart",
    "noisy 3 %": "3 % between processes",
    "noisy 4 %": "4 % between processes",
}


@dataclass(frozen=True)
class World:
    """So many pipelines, each with the same 20 benchmarks in all of its jobs.

    `spread` is the standard deviation of each benchmark, shape (pipelines, 1, benchmarks, 1).
    """

    kind: str
    source: np.random.Generator
    pipelines: int
    spread: Floats

    def job(self, processes: int, jobs: int = 1) -> Floats:
        """The levels of the processes of fresh jobs, in the order of time.

        Shape (pipelines, jobs, benchmarks, processes).
        """
        shape = (self.pipelines, jobs, BENCHMARKS, processes)
        level = self.spread * self._scatter(shape)
        whole = (*shape[:2], 1, 1)
        time = np.linspace(0, 1, processes)
        if self.kind == "shared":
            level += self.source.normal(0, 0.03, whole) * (1 + 0 * time)
            level += self.source.normal(0, 0.03, whole) * time + self._hiccups(shape, 0.03)
        if self.kind == "drift":
            level += 0.10 * self.source.choice([-1.0, 1.0], whole) * time
        if self.kind == "hiccups":
            level += self._hiccups(shape, 0.05)
        if self.kind == "throttling":
            level += 0.15 * self._throttled((*shape[:2], 1, processes))
        return level

    def repetitions(self, level: Floats, count: int = REPETITIONS) -> Floats:
        """The repetitions of processes, on a new last axis."""
        return level[..., None] + self.source.normal(0, WITHIN, (*level.shape, count))

    def medians(self, level: Floats) -> Floats:
        """The medians of the repetitions of processes."""
        return np.asarray(np.median(self.repetitions(level), axis=-1))

    def pairs(self, rounds: int, change: Floats | float = 0.0) -> Floats:
        """Pairs of two builds that ran in turns in one job, the order turned around each round.

        `change` is by how much the second is slower: one number, or one for each benchmark. Shape
        (pipelines, benchmarks, rounds).
        """
        times = self.medians(self.job(2 * rounds))[:, 0]
        first, second = times[..., ::2], times[..., 1::2]
        turned = np.arange(rounds) % 2 == 1
        difference = np.where(turned, first - second, second - first)
        return difference + np.reshape(change, (-1, 1))

    def _scatter(self, shape: tuple[int, ...]) -> Floats:
        normal = self.source.standard_normal(shape)
        if self.kind == "bimodal":
            modes = self.source.choice([-1.0, 1.0], shape)
            return np.asarray(0.97 * modes + 0.243 * normal)
        if self.kind == "heteroscedastic":
            return normal * np.where(self.source.random(shape) < 0.2, 2.0, 0.75)
        if self.kind == "autocorrelation":
            for place in range(1, shape[-1]):
                fresh = np.sqrt(1 - 0.7**2) * normal[..., place]
                normal[..., place] = 0.7 * normal[..., place - 1] + fresh
        return normal

    def _hiccups(self, shape: tuple[int, ...], share: float) -> Floats:
        size = self.source.uniform(0.1, 0.6, shape)
        return np.log1p(np.where(self.source.random(shape) < share, size, 0.0))

    def _throttled(self, shape: tuple[int, ...]) -> Floats:
        """Whether the machine is slow: in stretches, for all benchmarks of a process at once."""
        slow = np.zeros(shape)
        state = self.source.random(shape[:-1]) < 1 / 3
        for place in range(shape[-1]):
            slow[..., place] = state
            turns = self.source.random(shape[:-1]) < np.where(state, 1 / 8, 1 / 16)
            state = state ^ turns
        return slow


def world(kind: str, source: np.random.Generator, pipelines: int) -> World:
    """A world of that kind."""
    shape = (pipelines, 1, BENCHMARKS, 1)
    spread = np.full(shape, {"noisy 3 %": 0.03, "noisy 4 %": 0.04}.get(kind, 0.02))
    if kind == "heteroscedastic":
        spread = np.exp(source.uniform(np.log(0.01), np.log(0.03), shape))
    return World(kind=kind, source=source, pipelines=pipelines, spread=spread)
