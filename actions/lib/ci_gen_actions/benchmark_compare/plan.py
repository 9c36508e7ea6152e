"""From the inputs to the rules of the comparison. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..core.errors import OptionsError, Problem, UsageError
from ..core.options import variable
from ..statistics.sequential import Design
from . import tolerances
from .deciding import Rules
from .options import Options
from .tolerances import Tolerance

ACTION = "benchmark-compare"


def check(options: Options) -> None:
    """Raises UsageError where the inputs do not fit together."""
    sides = bool(options.baseline), bool(options.current)
    if options.measurement and any(sides):
        raise UsageError(
            "measurement goes without baseline and current",
            where="inputs measurement, baseline, current",
            next="give the one or the other two",
        )
    if not options.measurement and not all(sides):
        raise UsageError(
            "there is nothing to compare",
            where="inputs measurement, baseline, current",
            next="give baseline and current, or a measurement, which holds both",
        )
    problems = [
        Problem(
            name="tolerances",
            given_by=variable(ACTION, "tolerances"),
            value=line[:80],
            reason=reason,
        )
        for line in options.tolerances
        if (reason := tolerances.wrong(line))
    ]
    if problems:
        raise OptionsError(ACTION, problems)


def rules(
    options: Options, history: Mapping[str, Sequence[float]], looks: tuple[int, ...] | None
) -> Rules:
    """The rules that the inputs ask for.

    `looks` are those of a measurement in rounds, empty where it did not look in between; None
    for files of llama-bench, whose measuring did not, either.
    """
    usual = math.log1p(options.tolerance / 100)
    design = Design(
        alarm_error=options.false_alarms / 100, edge=math.log1p(options.no_change / 100)
    )
    if looks:
        design = Design(looks=looks, alarm_error=design.alarm_error, edge=design.edge)
    return Rules(
        design=design,
        usual=Tolerance(benchmark="*", slower=usual, faster=usual),
        tolerances=tolerances.parse(options.tolerances),
        history=history,
        sequential=bool(looks),
    )
