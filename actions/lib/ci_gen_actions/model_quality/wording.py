"""Findings in words and numbers for people. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .finding import Comparison, Finding, Kind, State

MEASURED: Mapping[Kind, str] = {
    Kind.PERPLEXITY: "perplexity",
    Kind.DIVERGENCE: "KL divergence",
    Kind.ANSWERS: "right answers",
}
_FEW = ("A text of more chunks", "More questions, of one file,")
_HELP: Mapping[State, str] = {
    State.INCONCLUSIVE: "too little was measured to tell",
    State.ENV_MISMATCH: "measured under other conditions, and so not compared",
    State.NEW: "nothing to compare with yet",
    State.REMOVED: "no longer measured",
}


def value(kind: Kind, number: float | None) -> str:
    """A measured value with its unit."""
    if number is None:
        return ""
    if kind is Kind.PERPLEXITY:
        return f"{number:.4f}"
    return f"{number:.6f}" if kind is Kind.DIVERGENCE else f"{100 * number:.1f} %"


def change(kind: Kind, number: float | None, *, signed: bool = True) -> str:
    """A change with its unit: percent of the perplexity, nats a token, or percentage points.

    Of answers the sign is that of the share, so that a drop is negative.
    """
    if number is None or math.isnan(number):
        return ""
    if math.isinf(number):
        return "unbounded"
    sign = "+" if signed else ""
    if kind is Kind.PERPLEXITY:
        return f"{100 * math.expm1(min(number, 50.0)):{sign}.3f} %"
    if kind is Kind.DIVERGENCE:
        return f"{number:{sign}.6f}"
    points = -100 * number if signed else 100 * number
    # adding 0 makes a zero of minus zero
    return f"{round(points, 1) + 0.0:{sign}.1f} points"


def interval(each: Finding) -> str:
    """Both ends of the interval, the smaller number first."""
    if each.low is None or each.high is None:
        return ""
    ends = (each.low, each.high) if each.kind is not Kind.ANSWERS else (each.high, each.low)
    return " to ".join(change(each.kind, end) for end in ends)


def sentence(each: Finding) -> str:
    """One line that says what became of an evaluation set, and what to do where that is unclear."""
    what = f"{each.name}: {MEASURED[each.kind]}"
    if not each.state.compared:
        return f"{what}: {each.state}, {_HELP[each.state]}: {each.why}"
    moved = f"{what} {value(each.kind, each.base)} -> {value(each.kind, each.value)}"
    if each.kind is Kind.DIVERGENCE:
        own = value(each.kind, each.base)
        moved = f"{what} {value(each.kind, each.value)}, where {own} may be the backend's own"
    told = f"{moved} ({change(each.kind, each.change)}, 99 % interval {interval(each)}; {each.why})"
    if each.state is State.INCONCLUSIVE:
        return f"{told}: {_HELP[each.state]}. {remedy(each)}"
    return f"{told}: {each.state}"


def remedy(each: Finding) -> str:
    """What would make an inconclusive set decide."""
    shown = change(each.kind, each.detectable, signed=False)
    could = f"The smallest change that it could have shown is {shown}" if shown else ""
    tolerated = change(each.kind, each.tolerance, signed=False)
    more = _FEW[1] if each.kind is Kind.ANSWERS else _FEW[0]
    return f"{could}; {tolerated} is tolerated. {more} would decide it."


def headline(found: Comparison) -> str:
    """The whole comparison in one sentence."""
    states = [each.state for each in found.findings]
    count = f"{len(states)} evaluation set{'s' if len(states) != 1 else ''}"
    if not found.baseline:
        return f"{count} measured; there is no baseline to compare with yet."
    if found.reasons:
        return f"Nothing was compared: {'; '.join(found.reasons)}."
    worse = states.count(State.REGRESSION)
    open_ = states.count(State.INCONCLUSIVE) + states.count(State.ENV_MISMATCH)
    if worse:
        return f"{worse} of {count} became worse."
    if open_:
        return f"{open_} of {count} could not be decided; none became worse for sure."
    if not any(each.compared for each in states):
        return f"None of {count} could be compared."
    return f"{count}: none became worse by what is tolerated."
