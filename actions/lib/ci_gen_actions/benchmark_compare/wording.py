"""Numbers and findings in words."""

from __future__ import annotations

import math

from .deciding import Judged
from .series import HIGHER

_SPEED = ("ns", "us", "ms", "s", "t/s", "tokens/s", "req/s", "1/s")
_SCALES = {"ns": ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"))}
BARS = "▁▂▃▄▅▆▇█"


def percent(change: float, *, digits: int = 1) -> str:
    """A logarithm as percent with its sign, "" for NaN."""
    if math.isnan(change):
        return ""
    if math.isinf(change) or abs(change) > 20:
        return "unbounded"
    return f"{100 * math.expm1(change):+.{digits}f} %"


def change(judged: Judged) -> str:
    """The estimate: `5.2 % slower`; "" where there is none."""
    if math.isnan(judged.estimate):
        return ""
    unit = judged.case.benchmark.unit
    worse, better = ("slower", "faster") if unit in _SPEED else ("worse", "better")
    size = abs(100 * math.expm1(judged.estimate))
    return f"{size:.1f} % {worse if judged.estimate >= 0 else better}"


def interval(judged: Judged) -> str:
    """The ends of the interval: `+3.9 % to +6.5 %`, above 0 being worse."""
    if math.isnan(judged.low) or math.isnan(judged.high):
        return ""
    if math.isinf(judged.high):
        return "unbounded"
    return f"{percent(judged.low)} to {percent(judged.high)}"


def value(number: float, unit: str) -> str:
    """A measured value with a fitting unit: `373.9 ms`."""
    for scale, name in _SCALES.get(unit, ()):
        if number >= scale:
            return f"{number / scale:.4g} {name}"
    return f"{number:.4g} {unit}"


def pairs_used(judged: Judged) -> str:
    """How many pairs, or processes a side, were looked at, and how many were set aside."""
    if not judged.pairs:
        return ""
    what = "" if judged.case.paired else " a side, unpaired"
    aside = f", {judged.aside} set aside" if judged.aside else ""
    return f"{judged.pairs}{what}{aside}"


def sentence(judged: Judged) -> str:
    """One line that says what is found and why, for annotations and logs."""
    parts = [change(judged), f"({interval(judged)})" if interval(judged) else ""]
    told = " ".join(each for each in parts if each)
    reason = f": {judged.why}" if judged.why else ""
    detectable = ""
    if judged.finding.value == "INCONCLUSIVE" and not math.isnan(judged.detectable):
        detectable = f"; {judged.pairs} pairs can find a change of {percent(judged.detectable)}"
    return f"{judged.case.name} {judged.finding}{f' {told}' if told else ''}{detectable}{reason}"


def better_is(judged: Judged) -> str:
    """Which direction of the values is good."""
    return "higher is better" if judged.case.benchmark.better == HIGHER else "lower is better"


def sparkline(values: list[float], width: int = 32) -> str:
    """Values as a row of bars, the lowest the lowest."""
    shown = [each for each in values if not math.isnan(each)][-width:]
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    return "".join(BARS[min(7, int(8 * (each - low) / span))] for each in shown)
