"""The gate beside the unpaired rule, on the same draws: power at equal false alarms.

What one may call equal depends on what is known of the noise, so there are three ways:

    as documented   the rule at its own default; the gate at 1 %
    whatever flips  both keep 1 % for every share of answers that flip by chance, from none to as
                    many as two independent runs have; the z test's threshold is the smallest one
                    that does
    knowing these   the z test's threshold is fitted to these very pairs of unchanged builds, as
                    nobody can who meets a new pair; then it counts the same flips as the gate

A drop is put in by answers that were right and become wrong, drawn at random; a rise of the
perplexity by as much on every chunk, with the spread between chunks that a coarser model has.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from unpaired import Z, z_of_answers, z_of_texts

from ci_gen_actions.model_quality.measurement import Measurement
from ci_gen_actions.statistics import chunks, proportions
from ci_gen_actions.statistics.proportions import Flips

ALPHA = 0.01
DROPS = (0.02, 0.03, 0.05, 0.08)
RISES = (0.002, 0.005, 0.01, 0.02)
SPREAD = 0.5
"""The spread between chunks of a change, as a share of the change."""
CHURNS = (0.0, 0.01, 0.05, 0.1, 0.2, 1.0)
"""Shares of answers that are drawn anew; with 1 both runs are independent."""
NOISY = 0.1
"""The one of CHURNS that power is told with, besides none."""

Row = dict[str, Any]
Pair = tuple[list[bool], list[bool]]
Texts = tuple[list[float], list[float]]
_NULLS = 20
"""How many times as many draws tell the false alarms as tell the power."""


def power_of_answers(
    arms: list[Measurement], pipelines: int, source: np.random.Generator
) -> list[Row]:
    """A row a drop: how often either finds it, by each way of making false alarms equal."""
    pairs = [_right(now, before) for now, before in itertools.permutations(arms, 2)]
    pairs = [each for each in pairs if each[0]]
    if not pairs:
        return []
    many = pipelines * _NULLS
    known = [_drawn(pairs[at % len(pairs)], source) for at in range(many)]
    # two builds differ by a few answers for sure; with arms swapped by chance nothing else is left
    known = [_swapped(each, source) for each in known]
    nulls = {0.0: known}
    for churn in CHURNS[1:]:
        nulls[churn] = [_churned(each, churn, source) for each in known]
    thresholds = {
        "as documented": Z,
        "whatever flips": max(_threshold(map(_z, each), ALPHA) for each in nulls.values()),
        "knowing these": _threshold(map(_z, known), _rate(known)),
    }
    rows = [_row("0, arms swapped by chance", known, thresholds)]
    rows += [_row(f"0, {churn:g} drawn anew", nulls[churn], thresholds) for churn in CHURNS[1:]]
    for drop, (churn, plain) in itertools.product(DROPS, ((0.0, known), (NOISY, nulls[NOISY]))):
        worse = [_dropped(plain[at], drop, source) for at in range(5 * pipelines)]
        besides = f", {churn:g} drawn anew" if churn else ""
        rows.append(_row(f"{100 * drop:g} points{besides}", worse, thresholds))
    return rows


def _right(now: Measurement, before: Measurement) -> Pair:
    """The answers to every question that both were asked, right or wrong."""
    theirs = {each.digest: each for each in before.answers}
    shared = [each for each in now.answers if each.digest in theirs]
    return (
        [answer.correct for each in shared for answer in each.answers],
        [answer.correct for each in shared for answer in theirs[each.digest].answers],
    )


def _drawn(pair: Pair, source: np.random.Generator) -> Pair:
    chosen = source.integers(0, len(pair[0]), len(pair[0]))
    return [pair[0][at] for at in chosen], [pair[1][at] for at in chosen]


def _swapped(pair: Pair, source: np.random.Generator) -> Pair:
    swap = source.random(len(pair[0])) < 0.5
    both = [
        (theirs, ours) if each else (ours, theirs)
        for ours, theirs, each in zip(*pair, swap, strict=True)
    ]
    return [ours for ours, _ in both], [theirs for _, theirs in both]


def _churned(pair: Pair, churn: float, source: np.random.Generator) -> Pair:
    """A share of the answers of now drawn anew, with the share of right answers kept."""
    now, before = pair
    share = sum(before) / len(before)
    anew = source.random(len(now)) < churn
    fresh = source.random(len(now)) < share
    again = [bool(f) if a else n for n, a, f in zip(now, anew, fresh, strict=True)]
    if churn < 1:
        return again, before
    return again, [bool(each) for each in source.random(len(before)) < share]


def _dropped(pair: Pair, drop: float, source: np.random.Generator) -> Pair:
    now, before = pair
    right = sum(now) / len(now)
    lost = source.random(len(now)) < drop / right
    return [each and not gone for each, gone in zip(now, lost, strict=True)], before


def _z(pair: Pair) -> float:
    return z_of_answers(*pair)


def _alarms(pair: Pair) -> bool:
    """The gate's own alarm on one set of questions, without what it tolerates."""
    now, before = pair
    both = list(zip(before, now, strict=True))
    flips = Flips(
        lost=sum(old and not new for old, new in both),
        gained=sum(new and not old for old, new in both),
        total=len(both),
    )
    return flips.lost > 0 and proportions.mcnemar(flips) <= ALPHA


def _rate(pairs: list[Pair]) -> float:
    return sum(map(_alarms, pairs)) / len(pairs)


def _threshold(values: Any, rate: float) -> float:
    """The smallest threshold that no more than `rate` of the values exceed."""
    ordered = np.sort(np.fromiter(values, dtype=float))
    return float(ordered[min(len(ordered) - 1, int(np.ceil(len(ordered) * (1 - rate))))])


def _row(change: str, pairs: list[Pair], thresholds: dict[str, float]) -> Row:
    found: Row = {"drop": change, "gate": f"{100 * _rate(pairs):.1f} %"}
    values = [_z(each) for each in pairs]
    for name, threshold in thresholds.items():
        beyond = sum(value > threshold for value in values) / len(values)
        found[f"z test, {name}"] = f"{100 * beyond:.1f} %"
    return found


def power_of_texts(
    arms: list[Measurement], pipelines: int, source: np.random.Generator
) -> list[Row]:
    """Likewise for the perplexity of a text."""
    pairs = [
        ([each.nll for each in ours.chunks], [each.nll for each in theirs.chunks])
        for now, before in itertools.permutations(arms, 2)
        for ours in now.perplexity
        for theirs in before.perplexity
        if ours.digest == theirs.digest and len(ours.chunks) == len(theirs.chunks)
    ]
    if not pairs:
        return []
    many = pipelines * _NULLS
    known = [_drawn_text(pairs[at % len(pairs)], source) for at in range(many)]
    # two builds differ by a little for sure; with signs drawn anew nothing is left but noise
    known = [_signed(each, source) for each in known]
    rows = [_text_row("0, signs drawn anew", known)]
    for rise in RISES:
        worse = [_risen(known[at], rise, source) for at in range(5 * pipelines)]
        rows.append(_text_row(f"{100 * rise:g} %", worse))
    return rows


def _drawn_text(pair: Texts, source: np.random.Generator) -> Texts:
    chosen = source.integers(0, len(pair[0]), len(pair[0]))
    return [pair[0][at] for at in chosen], [pair[1][at] for at in chosen]


def _signed(pair: Texts, source: np.random.Generator) -> Texts:
    now, before = pair
    signs = source.choice((-1.0, 1.0), len(now))
    moved = [
        theirs + float(sign) * (ours - theirs)
        for ours, theirs, sign in zip(now, before, signs, strict=True)
    ]
    return moved, before


def _risen(pair: Texts, rise: float, source: np.random.Generator) -> Texts:
    now, before = pair
    more = source.normal(rise, SPREAD * rise, len(now))
    return [nll + float(step) for nll, step in zip(now, more, strict=True)], before


def _text_row(change: str, pairs: list[Texts]) -> Row:
    alarms = 0
    for now, before in pairs:
        found = chunks.mean([ours - theirs for ours, theirs in zip(now, before, strict=True)])
        alarms += found.value > found.margin(ALPHA)
    values = [z_of_texts(*each) for each in pairs]
    return {
        "rise": change,
        "gate": f"{100 * alarms / len(pairs):.1f} %",
        "z test, as documented": _percent(values, Z),
        "z test at 1 %": _percent(values, 2.3263),
    }


def _percent(values: list[float], threshold: float) -> str:
    return f"{100 * sum(value > threshold for value in values) / len(values):.1f} %"
