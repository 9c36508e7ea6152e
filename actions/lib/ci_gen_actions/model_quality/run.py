"""The `model-quality` action: plan, measure, judge, report."""

from __future__ import annotations

import math
from pathlib import Path

from ..core.dialect import Dialect
from ..core.files import sha256, write_atomically
from ..core.result import Result, Verdict
from . import inputs, measurement, page, plan, registry_report, told, wording
from .finding import Comparison, State
from .judge import Tolerances, compare
from .measure import Measured, measure
from .measurement import Measurement
from .options import Options, Outputs
from .plan import Plan
from .regressed import Regressed, worst
from .summary import summary

LOGGED = 20
"""How many lost questions the log names."""


def run(options: Options, ci: Dialect) -> Result:
    """Measure and judge.

    Raises UsageError for inputs that do not fit, CannotDecide where an arm gives no result.
    """
    plan.check(options)
    workspace = ci.workspace.resolve()
    planned = inputs.planned(options, workspace)
    # before anything is measured: a stored baseline that cannot be read costs no hour
    stored = measurement.load(planned.stored, options.baseline) if planned.stored else None
    if options.baseline and stored is None:
        ci.notice(f"there is no stored measurement {options.baseline} yet: nothing to compare with")
    measured = measure(planned, options, ci)
    measurement.save(workspace / options.measurement, measured.current)
    baseline = stored or measured.baseline
    found = compare(measured.current, baseline, tolerances(options))
    lost = worst(found, measured.current, baseline, planned.questions)
    _announce(found, lost, options, ci)
    _write(options, workspace, found, measured.current, baseline, lost)
    return _result(options, planned, found, measured, baseline, lost)


def tolerances(options: Options) -> Tolerances:
    """The options as the judge takes them: percentages become shares and logarithms."""
    floors = (each.partition("=") for each in options.divergence_floor)
    return Tolerances(
        perplexity=math.log1p(options.max_perplexity_percent / 100),
        accuracy=options.max_accuracy_drop / 100,
        divergence=options.max_divergence,
        alpha=options.alpha_percent / 100,
        floors={backend: float(nats) for backend, _, nats in floors},
        required=options.require_baseline,
    )


def _announce(
    found: Comparison, lost: tuple[Regressed, ...], options: Options, ci: Dialect
) -> None:
    """Say it in the log, and annotate what is bad or unclear."""
    for each in found.findings:
        line = wording.sentence(each)
        if each.state is State.REGRESSION:
            ci.error(line)
        elif each.state.verdict is not Verdict.PASS or each.state is State.REMOVED:
            ci.warning(line)
        else:
            ci.log(line)
    for one in lost[:LOGGED]:
        ci.log(f"right before, wrong now: {one.set_name}: {one.id!r}: {one.now.text[:200]!r}")
    if found.verdict is Verdict.INCONCLUSIVE and options.on_inconclusive == "warn":
        ci.warning("model-quality is INCONCLUSIVE: the job goes on, and nothing is proven")
    if found.verdict is Verdict.NO_DATA:
        ci.error("a baseline is required, and nothing could be compared with one")


def _write(
    options: Options,
    workspace: Path,
    found: Comparison,
    current: Measurement,
    baseline: Measurement | None,
    lost: tuple[Regressed, ...],
) -> None:
    html = page.page(found, current, baseline, lost, service=options.service)
    write_atomically(workspace / options.report, html)
    write_atomically(workspace / options.performance_report, registry_report.report(current, found))


def _result(
    options: Options,
    planned: Plan,
    found: Comparison,
    measured: Measured,
    baseline: Measurement | None,
    lost: tuple[Regressed, ...],
) -> Result:
    verdict, current = found.verdict, measured.current
    warned = verdict is Verdict.INCONCLUSIVE and options.on_inconclusive == "warn"
    answers = [each for asked in current.answers for each in asked.answers]
    right = sum(each.correct for each in answers)
    return Result(
        verdict,
        Outputs(
            verdict=verdict.value,
            perplexity=f"{current.perplexity[0].ppl:.4f}" if current.perplexity else "",
            accuracy=f"{right / len(answers):.4f}" if answers else "",
            measurement=options.measurement,
            report=options.report,
            performance_report=options.performance_report,
        ),
        told.evidence(
            found,
            current,
            baseline,
            service=options.service,
            on_inconclusive=options.on_inconclusive,
            tools=measured.tools,
            stored=f"sha256:{sha256(planned.stored)}" if planned.stored else "",
        ),
        summary(found, lost, service=options.service, warned=warned),
        exit_status=0 if warned else None,
    )
