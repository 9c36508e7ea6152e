"""Stored measurements of one and the same build (A/A): how noisy each benchmark is."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from ..statistics.sequential import Design
from ..statistics.shrinkage import Prior, no_prior, prior_of
from .cases import Case, present
from .series import HIGHER, Benchmark, Process, Reading


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


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Pairs of one build and the machine that they were measured on."""

    benchmark: Benchmark
    environment: Mapping[str, str]
    pairs: tuple[float, ...]


def of_readings(readings: Sequence[Reading]) -> list[Stored]:
    """What processes of one build tell, the first paired with the second and so on."""
    gathered: dict[object, list[tuple[Benchmark, Process]]] = {}
    # Records of one file share these objects, and to compare them costs more than all the rest.
    places: dict[tuple[int, int], list[tuple[Benchmark, Process]]] = {}
    for reading in readings:
        for benchmark, process in reading.processes:
            same = id(benchmark), id(process.environment)
            if same not in places:
                machine = tuple(sorted(process.environment.items()))
                places[same] = gathered.setdefault((benchmark.key, machine), [])
            places[same].append((benchmark, process))
    return [
        Stored(
            benchmark=members[0][0],
            environment=members[0][1].environment,
            pairs=tuple(
                difference(benchmark, old, new)
                for (benchmark, old), (_, new) in zip(members[::2], members[1::2], strict=False)
            ),
        )
        for members in gathered.values()
    ]


def of_measurement(cases: Sequence[Case]) -> list[Stored]:
    """What the control arm of a measurement tells; nothing where there was none."""
    return [
        Stored(
            benchmark=case.benchmark,
            environment=present(case.baseline)[0].environment,
            pairs=tuple(each for each in control_pairs(case) if not math.isnan(each)),
        )
        for case in cases
        if case.again and present(case.baseline)
    ]


def known(cases: Sequence[Case], stored: Sequence[Stored]) -> dict[str, list[float]]:
    """The stored pairs of each case, by its name: of the same benchmark on the same machine.

    Benchmarks are compared by the parameters that all of them tell, as builds of different age
    print different ones.
    """
    benchmarks = [each.benchmark for each in cases] + [each.benchmark for each in stored]
    told = [set(each.parameters) for each in benchmarks]
    shared = sorted(set.intersection(*told)) if told else []
    index: dict[object, list[Stored]] = defaultdict(list)
    for each in stored:
        index[_key(each.benchmark, shared)].append(each)
    found: dict[str, list[float]] = {}
    for case in cases:
        there = present(case.baseline) or present(case.current)
        candidates = index[_key(case.benchmark, shared)]
        fitting = [each for each in candidates if there and _same(each, there[0])]
        if fitting and len({each.benchmark.key for each in fitting}) == 1:
            found[case.name] = [pair for each in fitting for pair in each.pairs]
    return found


def _key(benchmark: Benchmark, shared: Sequence[str]) -> object:
    return benchmark.metric, tuple(benchmark.parameters[name] for name in shared)


def _same(stored: Stored, process: Process) -> bool:
    """Whether the machine is the same, as far as both tell."""
    here = process.environment
    return all(here[name] == text for name, text in stored.environment.items() if name in here)


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
