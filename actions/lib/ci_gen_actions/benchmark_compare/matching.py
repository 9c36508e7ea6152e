"""From files to cases: which benchmarks of both sides are the same, and which pairs there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from . import measurement_file, names
from .cases import Case, Finding, mismatch, present
from .measurement_file import BASELINE, CONTROL, CURRENT, Measurement
from .names import Key
from .series import Benchmark, Process, Reading

AUTO, ROUNDS, NONE = "auto", "rounds", "none"

Side = dict[Key, list[tuple[Benchmark, Process]]]

NOTHING = "the {side} measured nothing of it"


@dataclass(frozen=True, kw_only=True)
class Matched:
    """The cases in the order of their names, and remarks on how they were made."""

    cases: tuple[Case, ...]
    remarks: tuple[str, ...] = ()


def of_readings(
    baseline: Sequence[Reading],
    current: Sequence[Reading],
    *,
    pairing: str = AUTO,
    controls: Sequence[str] = (),
) -> Matched:
    """The cases of two sets of llama-bench files.

    With `pairing` "rounds" the n-th process of one side belongs to the n-th of the other; "auto"
    takes that for true where the times of the processes show that they ran in turns; "none"
    pairs nothing. `controls` are patterns of benchmarks that the change cannot affect.
    """
    old, new, remarks = _alike(_gathered(baseline), _gathered(current))
    remarks += [f"{each.source}: {why}" for each in (*baseline, *current) for why in each.remarks]
    shown = names.shown([pairs[0][0] for side in (old, new) for pairs in side.values()])
    cases = []
    for key in dict.fromkeys((*old, *new)):
        sides = [tuple(process for _, process in side.get(key, ())) for side in (old, new)]
        benchmark = (old.get(key) or new[key])[0][0]
        case = Case(
            name=shown[key],
            benchmark=_marked(benchmark, shown[key], controls),
            baseline=sides[0],
            current=sides[1],
            paired=paired(sides[0], sides[1], pairing),
        )
        cases.append(settled(case, old=bool(old), new=bool(new)))
    return Matched(cases=_in_order(cases), remarks=tuple(remarks))


def of_measurement(measurement: Measurement, controls: Sequence[str] = ()) -> Matched:
    """The cases of a measurement in rounds, which are its pairs."""
    shown = names.shown(list(measurement.benchmarks.values()))
    cases: list[Case] = []
    measured = {
        arm: any(each.samples.get(arm) for each in measurement.counted)
        for arm in (BASELINE, CURRENT)
    }
    for key, benchmark in measurement.benchmarks.items():
        arms = {
            arm: tuple(measurement_file.processes(measurement, arm, key))
            for arm in (BASELINE, CURRENT, CONTROL)
        }
        case = Case(
            name=shown[benchmark.key],
            benchmark=_marked(benchmark, shown[benchmark.key], controls),
            baseline=arms[BASELINE],
            current=arms[CURRENT],
            again=arms[CONTROL] if present(arms[CONTROL]) else (),
            paired=True,
        )
        cases.append(settled(case, old=measured[BASELINE], new=measured[CURRENT]))
    discarded = [each.discarded for each in measurement.rounds if each.discarded]
    remarks = [f"a round was discarded: {why}" for why in dict.fromkeys(discarded)]
    return Matched(cases=_in_order(cases), remarks=tuple(remarks))


def settled(case: Case, *, old: bool, new: bool) -> Case:
    """The case, with its finding where that is known without statistics.

    `old` and `new` say whether the sides measured anything at all: a benchmark that only one of
    them has is NEW or REMOVED where they did, and NO-DATA where the other failed altogether.
    """
    baseline, current = present(case.baseline), present(case.current)
    if not baseline and not current:
        return replace(case, settled=Finding.NO_DATA, why="neither side measured it")
    if not baseline:
        kind = Finding.NEW if old else Finding.NO_DATA
        return replace(case, settled=kind, why=NOTHING.format(side="baseline"))
    if not current:
        kind = Finding.REMOVED if new else Finding.NO_DATA
        return replace(case, settled=kind, why=NOTHING.format(side="current build"))
    why = mismatch(baseline, current)
    return replace(case, settled=Finding.ENV_MISMATCH, why=why) if why else case


def paired(baseline: Sequence[Process], current: Sequence[Process], pairing: str) -> bool:
    """Whether the n-th processes of both sides belong together."""
    if pairing == NONE or not baseline or len(baseline) != len(current):
        return False
    if pairing == ROUNDS:
        return True
    times = [sorted((old.time, new.time)) for old, new in zip(baseline, current, strict=True)]
    if not all(early > 0 for early, _ in times) or times[0][0] == times[-1][1]:
        return False
    return all(before[1] <= after[0] for before, after in pairwise(times))


def _marked(benchmark: Benchmark, name: str, controls: Sequence[str]) -> Benchmark:
    control = benchmark.control or any(names.matches(name, each) for each in controls)
    return replace(benchmark, control=control)


def _gathered(readings: Iterable[Reading]) -> Side:
    found: Side = defaultdict(list)
    for reading in readings:
        for benchmark, process in reading.processes:
            found[benchmark.key].append((benchmark, process))
    return dict(found)


def _alike(old: Side, new: Side) -> tuple[Side, Side, list[str]]:
    """Both sides by the parameters that all records tell.

    Builds of different age print different fields. What only some tell is left out of the
    comparison, unless that would make two benchmarks of one side the same.
    """
    fields = [{name for name, _ in key[1]} for side in (old, new) for key in side]
    if not fields:
        return old, new, []
    shared = set.intersection(*fields)
    partial = sorted(set.union(*fields) - shared)
    if not partial:
        return old, new, []
    sides = [_reduced(side, shared) for side in (old, new)]
    told = ", ".join(partial[:12])
    if any(len(after) < len(before) for after, before in zip(sides, (old, new), strict=True)):
        return old, new, [f"only some records tell {told}, which tells benchmarks apart"]
    return sides[0], sides[1], [f"not compared, since only some records tell it: {told}"]


def _reduced(side: Side, shared: set[str]) -> Side:
    found: Side = defaultdict(list)
    for (metric, parameters), members in side.items():
        key = (metric, tuple(each for each in parameters if each[0] in shared))
        kept: Mapping[str, str] = dict(key[1])
        found[key] += [(replace(each, parameters=kept), process) for each, process in members]
    return dict(found)


def _in_order(cases: Iterable[Case]) -> tuple[Case, ...]:
    return tuple(sorted(cases, key=lambda case: names.natural(case.name)))
