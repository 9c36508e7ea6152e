"""Simulated pipelines through the code that ships, and through the rules of others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from noise import BENCHMARKS, Floats, World, world
from peers import RULES

from ci_gen_actions.statistics.sequential import (
    ALARM,
    OPEN,
    PASSED,
    Decision,
    Design,
    Limits,
    decide,
)
from ci_gen_actions.statistics.shrinkage import Prior, no_prior, prior_of

CHANGES = (0.02, 0.03, 0.05, 0.10)
HISTORY = 20
"""Pairs of one build that are known from before."""
CHUNK = 500
DESIGN = Design()
TOLERANCE = math.log(1.05)

OURS = "this gate"
STALE = "this gate, history of 2 %"
WITHOUT = "this gate, no history"


@dataclass
class Tally:
    """What a rule did in one kind of noise: counts, which add up over the chunks.

    `power` is how often each of `CHANGES` raised an alarm, `passed` how often it passed, `open` how
    often it was left undecided, each of `pipelines`; `rounds` are those of unchanged benchmarks.
    """

    pipelines: int = 0
    alarmed: int = 0
    rounds: float = 0.0
    undecided: float = 0.0
    power: Floats = field(default_factory=lambda: np.zeros(len(CHANGES)))
    passed: Floats = field(default_factory=lambda: np.zeros(len(CHANGES)))
    spent: Floats = field(default_factory=lambda: np.zeros(len(CHANGES)))

    @property
    def false_alarms(self) -> float:
        """The share of pipelines without a change in which any benchmark raised an alarm."""
        return self.alarmed / self.pipelines

    @property
    def both_errors(self) -> float:
        """False alarms a pipeline and missed changes of 5 %, together."""
        return self.false_alarms + 1 - float(self.power[CHANGES.index(0.05)]) / self.pipelines


def simulate(kind: str, pipelines: int, seed: int, *, peers: bool = True) -> dict[str, Tally]:
    """What each rule does in so many pipelines of 20 benchmarks with that kind of noise."""
    tallies: dict[str, Tally] = {}
    for number, count in enumerate(_chunks(pipelines)):
        source = np.random.default_rng([seed, number, *kind.encode()])
        here = world(kind, source, count)
        for name, prior in _histories(here):
            _ours(tallies.setdefault(name, Tally()), here, prior)
        for name in RULES if peers else ():
            _theirs(tallies.setdefault(name, Tally()), here, name)
    return tallies


def _histories(here: World) -> Iterator[tuple[str, Prior]]:
    yield OURS, _known(here)
    if here.kind.startswith("noisy"):
        yield STALE, _known(world("clean", here.source, here.pipelines))
    if here.kind == "clean":
        yield WITHOUT, no_prior((here.pipelines, BENCHMARKS))


def _known(here: World) -> Prior:
    return prior_of(here.pairs(HISTORY), clip=DESIGN.clip, aside=DESIGN.aside)


def _ours(tally: Tally, here: World, prior: Prior) -> None:
    unchanged = _decided(here.pairs(DESIGN.looks[-1]), prior)
    tally.pipelines += here.pipelines
    tally.alarmed += int((unchanged.outcome == ALARM).any(-1).sum())
    tally.rounds += float(unchanged.pairs.mean(-1).sum())
    tally.undecided += float((unchanged.outcome == OPEN).mean(-1).sum())
    changed = _decided(here.pairs(DESIGN.looks[-1], _changes()), prior)
    places = slice(0, len(CHANGES))
    tally.power += (changed.outcome == ALARM)[:, places].sum(0)
    tally.passed += (changed.outcome == PASSED)[:, places].sum(0)
    tally.spent += changed.pairs[:, places].sum(0)


def _decided(pairs: Floats, prior: Prior) -> Decision:
    tolerance = np.full(pairs.shape[:-1], TOLERANCE)
    return decide(pairs, prior, Limits(slower=tolerance, faster=tolerance), design=DESIGN)


def _theirs(tally: Tally, here: World, name: str) -> None:
    rule, processes = RULES[name]
    tally.pipelines += here.pipelines
    tally.alarmed += int(rule(here, np.zeros(BENCHMARKS)).any(-1).sum())
    found = rule(here, _changes())[:, : len(CHANGES)].sum(0)
    # These rules know alarm and pass alone.
    tally.power += found
    tally.passed += here.pipelines - found
    tally.rounds += processes * here.pipelines
    tally.spent += processes * here.pipelines


def _changes() -> Floats:
    """The change of each benchmark: one of each size, the others none."""
    return np.concatenate([np.log1p(CHANGES), np.zeros(BENCHMARKS - len(CHANGES))])


def _chunks(pipelines: int) -> Iterator[int]:
    for start in range(0, pipelines, CHUNK):
        yield min(CHUNK, pipelines - start)


def resampled(medians: Floats, pipelines: int, seed: int) -> Tally:
    """Pipelines drawn from real processes of one build: logarithms, shape (benchmarks, processes).

    A pair is two neighbours in time, in random order; the history is every other pair as it came.
    """
    source = np.random.default_rng(seed)
    pairs = np.diff(medians, axis=-1)
    rounds = DESIGN.looks[-1]
    known = prior_of(pairs[:, ::2], clip=DESIGN.clip, aside=DESIGN.aside)
    places = source.integers(0, pairs.shape[-1], (pipelines, rounds))
    turned = source.choice([-1.0, 1.0], (pipelines, 1, rounds))
    drawn = np.moveaxis(pairs[:, places], 0, 1) * turned
    shape = drawn.shape[:-1]
    prior = Prior(
        variance=np.broadcast_to(known.variance, shape), df=np.broadcast_to(known.df, shape)
    )
    decision = _decided(drawn, prior)
    return Tally(
        pipelines=pipelines,
        alarmed=int((decision.outcome == ALARM).any(-1).sum()),
        rounds=float(decision.pairs.mean(-1).sum()),
        undecided=float((decision.outcome == OPEN).mean(-1).sum()),
    )
