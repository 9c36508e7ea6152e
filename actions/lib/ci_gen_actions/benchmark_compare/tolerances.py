"""How much slower a benchmark may become, and how much faster before that is told."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .names import matches

LINE = r"\S.*=[0-9]*\.?[0-9]+(/[0-9]*\.?[0-9]+)?"
"""A line of the input `tolerances`: `pp*=3`, `tg* @ d4096=8/5`."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """Of the benchmarks whose name matches `benchmark`; both changes are logarithms above 0."""

    benchmark: str
    slower: float
    faster: float


def parse(lines: Sequence[str]) -> tuple[Tolerance, ...]:
    """The tolerances of lines that match `LINE`, in percent: slower, and faster after a slash."""
    found = []
    for line in lines:
        benchmark, _, percents = line.rpartition("=")
        slower, _, faster = percents.partition("/")
        changes = [math.log1p(float(each) / 100) for each in (slower, faster or slower)]
        found.append(Tolerance(benchmark=benchmark.strip(), slower=changes[0], faster=changes[1]))
    return tuple(found)


def of(name: str, tolerances: Sequence[Tolerance], usual: Tolerance) -> Tolerance:
    """The last tolerance that speaks of the benchmark, else the usual one."""
    found = [each for each in tolerances if matches(name, each.benchmark)]
    return found[-1] if found else usual


def wrong(line: str) -> str:
    """Why a line cannot be used, "" where it can."""
    if not re.fullmatch(LINE, line):
        return "it is no `<name>=<percent>` or `<name>=<percent>/<percent>`"
    (tolerance,) = parse([line])
    if not 0 < tolerance.slower < math.log(10) or not 0 < tolerance.faster < math.log(10):
        return "a tolerance lies above 0 and below 900 percent"
    return ""
