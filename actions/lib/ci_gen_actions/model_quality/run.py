"""The `model-quality` action: plan, measure, judge, report."""

from __future__ import annotations

from ..core.dialect import Dialect
from ..core.result import Result, Verdict
from . import inputs, plan
from .measure import measure
from .measurement import save
from .options import Options, Outputs


def run(options: Options, ci: Dialect) -> Result:
    """Measure and judge.

    Raises UsageError for inputs that do not fit, CannotDecide where an arm gives no result.
    """
    plan.check(options)
    planned = inputs.planned(options, ci.workspace.resolve())
    measured = measure(planned, options, ci)
    save(ci.workspace / options.measurement, measured.current)
    return Result(Verdict.NO_DATA, Outputs(verdict="NO_DATA", measurement=options.measurement))
