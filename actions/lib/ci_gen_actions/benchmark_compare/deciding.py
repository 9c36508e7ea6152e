"""From cases to findings. What runs between the rounds of a measurement and what decides from
files are this same code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..statistics.sequential import (
    ALARM,
    GAIN,
    OPEN,
    PASSED,
    Decision,
    Design,
    Limits,
    decide,
    next_look,
)
from ..statistics.unpaired import decide_unpaired
from . import tolerances
from .cases import Case, Finding, present
from .history import control_pairs, difference, pairs, priors
from .tolerances import Tolerance

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FIVE_PERCENT = math.log(1.05)
USUAL = Tolerance(benchmark="*", slower=FIVE_PERCENT, faster=FIVE_PERCENT)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is tolerated and how it is decided. `history` holds pairs of one build (A/A), by the
    benchmark's name. `sequential` says that the measuring looked as the design says; other data
    are looked at once. `ended` says that no more rounds will come.
    """

    design: Design = field(default_factory=Design)
    usual: Tolerance = USUAL
    tolerances: tuple[Tolerance, ...] = ()
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)
    sequential: bool = True
    ended: bool = True


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A case and what is found of it. Changes are logarithms, above 0 for worse, NaN where
    nothing can be said: the `estimate` with the ends `low` and `high` of its interval, and the
    smallest change that is `detectable`. `pairs` is how many pairs (of unpaired data: processes
    of the smaller side) were looked at, `aside` how many of them were set aside; `wanted` is the
    number of pairs at which the next look is due, 0 where none is.
    """

    case: Case
    finding: Finding
    why: str = ""
    tolerance: Tolerance = USUAL
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    detectable: float = math.nan
    pairs: int = 0
    aside: int = 0
    wanted: int = 0
    history: int = 0


def judge(cases: Sequence[Case], rules: Rules) -> tuple[Judged, ...]:
    """What is found of each case, in their order. Control cases are judged, too."""
    open_cases = [each for each in cases if each.settled is None]
    found = {id(each): _settled(each, rules) for each in cases if each.settled is not None}
    paired = [each for each in open_cases if each.paired]
    others = [each for each in open_cases if not each.paired]
    shared = max(sum(not each.control for each in open_cases), 1)
    for case, judged in zip(paired, _paired(paired, rules, shared), strict=True):
        found[id(case)] = judged
    for case, judged in zip(others, _unpaired(others, rules, shared), strict=True):
        found[id(case)] = judged
    return _without_drift([found[id(each)] for each in cases], _moved(paired, rules, shared))


def _settled(case: Case, rules: Rules) -> Judged:
    tolerance = tolerances.of(case.name, rules.tolerances, rules.usual)
    assert case.settled is not None  # noqa: S101 - what `judge` has sorted out
    return Judged(case=case, finding=case.settled, why=case.why, tolerance=tolerance)


def _paired(cases: Sequence[Case], rules: Rules, shared: int) -> list[Judged]:
    if not cases:
        return []
    table = _table([pairs(each) for each in cases])
    decision = _decide(table, cases, rules, shared)
    known = priors(cases, rules.history, rules.design)
    found = [_judged(case, decision, place, rules) for place, case in enumerate(cases)]
    return [
        replace(each, history=int(df)) for each, df in zip(found, known.df.tolist(), strict=True)
    ]


def _decide(table: Floats, cases: Sequence[Case], rules: Rules, shared: int) -> Decision:
    design = rules.design
    if not rules.sequential:
        # Nobody looked before the end, so that the one look may use the whole error.
        design = replace(design, looks=(table.shape[-1],))
    return decide(
        table,
        priors(cases, rules.history, rules.design),
        _limits(cases, rules),
        design=design,
        ended=rules.ended,
        comparisons=shared,
    )


def _unpaired(cases: Sequence[Case], rules: Rules, shared: int) -> list[Judged]:
    if not cases:
        return []
    sides = []
    for old in (True, False):
        rows = []
        for case in cases:
            side = present(case.baseline if old else case.current)
            first = present(case.baseline)[0]
            rows.append([difference(case.benchmark, first, each) for each in side])
        sides.append(_table(rows))
    decision = decide_unpaired(
        sides[0], sides[1], _limits(cases, rules), design=rules.design, comparisons=shared
    )
    return [_judged(case, decision, place, rules) for place, case in enumerate(cases)]


def _judged(case: Case, decision: Decision, place: int, rules: Rules) -> Judged:
    outcome = int(decision.outcome[place])
    kinds = {ALARM: Finding.REGRESSION, GAIN: Finding.IMPROVEMENT, PASSED: Finding.PASS}
    count = int(decision.pairs[place])
    finding = kinds.get(outcome, Finding.INCONCLUSIVE)
    # The pairs that a round lacks are not yet there, and the next look waits for more of them.
    waits = outcome == OPEN and case.paired and not rules.ended
    return Judged(
        case=case,
        finding=finding,
        why=_reason(case, finding, count, rules.design.fewest),
        tolerance=tolerances.of(case.name, rules.tolerances, rules.usual),
        estimate=float(decision.estimate[place]),
        low=float(decision.low[place]),
        high=float(decision.high[place]),
        detectable=float(decision.detectable[place]),
        pairs=count,
        aside=int(decision.aside[place]) if not math.isnan(decision.aside[place]) else 0,
        wanted=next_look(count, rules.design) if waits else 0,
    )


def _reason(case: Case, finding: Finding, count: int, fewest: int) -> str:
    what = "pairs" if case.paired else "processes a side"
    if finding is Finding.INCONCLUSIVE and count < fewest:
        return f"{count} {what} are too few: at least {fewest} are needed"
    return "" if case.paired else "its processes are not paired: a weaker comparison"


def _limits(cases: Sequence[Case], rules: Rules) -> Limits:
    import numpy as np

    found = [tolerances.of(each.name, rules.tolerances, rules.usual) for each in cases]
    return Limits(
        slower=np.array([each.slower for each in found]),
        faster=np.array([each.faster for each in found]),
    )


def _moved(cases: Sequence[Case], rules: Rules, shared: int) -> str:
    """The benchmark whose control arm moved: the baseline's build against itself."""
    with_arm = [each for each in cases if each.again]
    if not with_arm:
        return ""
    decision = _decide(_table([control_pairs(each) for each in with_arm]), with_arm, rules, shared)
    for place, case in enumerate(with_arm):
        if decision.outcome[place] in (ALARM, GAIN):
            return _told(f"the control arm of {case.name}", float(decision.estimate[place]))
    return ""


def _without_drift(judged: Sequence[Judged], moved: str) -> tuple[Judged, ...]:
    """The findings; none that was decided stands where what cannot have changed did."""
    for each in judged:
        if each.case.control and each.finding in (Finding.REGRESSION, Finding.IMPROVEMENT):
            moved = moved or _told(f"the control {each.case.name}", each.estimate)
    if not moved:
        return tuple(judged)
    decided = (Finding.REGRESSION, Finding.IMPROVEMENT, Finding.PASS)
    return tuple(
        replace(each, finding=Finding.INCONCLUSIVE, why=moved) if each.finding in decided else each
        for each in judged
    )


def _told(what: str, change: float) -> str:
    return (
        f"{what} moved by {math.expm1(change):+.1%}, though nothing in it changed: "
        "the machine drifted"
    )


def _table(rows: Sequence[Sequence[float]]) -> Floats:
    """The rows as one array, NaN at the end of the shorter ones."""
    import numpy as np

    table = np.full((len(rows), max(map(len, rows))), np.nan)
    for place, row in zip(table, rows, strict=True):
        place[: len(row)] = row
    return table
