"""Stored measurements of one and the same build (A/A): how noisy each benchmark is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from ..statistics.sequential import Design
from ..statistics.shrinkage import Prior, no_prior, prior_of
from .cases import Case, mismatch, present
from .matching import Matched
from .series import HIGHER, Benchmark, Process

Pairs = dict[str, list[float]]


def difference(benchmark: Benchmark, old: Process, new: Process) -> float:
    """How much worse the new process is than the old, as a logarithm: above 0 is worse."""
    change = math.log(new.value) - math.log(old.value)
    return -change if benchmark.better == HIGHER else change


def pairs(case: Case) -> list[float]:
    """The pairs of a case, NaN where a round lacks a side."""
    return [
        difference(case.benchmark, old, new) if old and new else math.nan
        for old, new in zip(case.baseline, case.current, strict=True)
    ]


def control_pairs(case: Case) -> list[float]:
    """The pairs of the control arm with the baseline, NaN where a round lacks one."""
    return [
        difference(case.benchmark, old, new) if old and new else math.nan
        for old, new in zip_longest(case.baseline, case.again)
    ]


def of_processes(matched: Matched) -> Pairs:
    """The pairs that processes of one build make, the first with the second and so on.

    `matched` holds the processes of the history as baseline of its cases.
    """
    return {
        case.name: [
            difference(case.benchmark, old, new)
            for old, new in zip(old_ones[::2], old_ones[1::2], strict=False)
        ]
        for case in matched.cases
        if (old_ones := present(case.baseline))
    }


def usable(case: Case, processes: Sequence[Process]) -> str:
    """Why a history cannot speak for the case, "" where it can: it must be of the same machine."""
    alone = [_nameless(each) for each in (*present(case.baseline), *processes)]
    return mismatch(alone, ())


def _nameless(process: Process) -> Process:
    """The process without its build: a history is of older builds, and may be of several."""
    return Process(samples=process.samples, environment=process.environment)


def priors(cases: Sequence[Case], known: Mapping[str, Sequence[float]], design: Design) -> Prior:
    """What the history knows of each case, in their order."""
    import numpy as np

    longest = max((len(each) for each in known.values()), default=0)
    if not cases or not longest:
        return no_prior((len(cases),))
    table = np.full((len(cases), longest), np.nan)
    for row, case in zip(table, cases, strict=True):
        told = known.get(case.name, ())
        row[: len(told)] = told
    return prior_of(table, clip=design.clip, aside=design.aside)
