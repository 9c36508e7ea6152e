"""Stage `check`: what takes seconds and saves hours, before anything is compiled."""

from __future__ import annotations

from ci_gen.pipeline.model import ActionCall, Job, Stage
from ci_gen.pipeline.parts import CHANGES, PYTHON_TOOLS, QUICK_CHECKS, evidence, hosted, lines
from ci_gen.pipeline.settings import Settings


def plan(settings: Settings) -> Stage:
    """The path filter and the quick checks."""
    return Stage(
        id="check",
        title="Checks",
        why="A mistake that needs no compiler is found before one starts, and a change of the "
        "documentation alone keeps every builder and GPU free.",
        jobs=(_changes(settings), _quick_checks(settings)),
    )


def _changes(settings: Settings) -> Job:
    return Job(
        id=CHANGES,
        stage="check",
        title="Find what changed",
        why="Decides from the measured diff whether anything that can affect a build changed. "
        "Where no diff can be measured it decides for building.",
        runner=hosted(settings),
        skip_when_unaffected=False,
        fetch_depth=0,
        commits_only=True,
        tools=PYTHON_TOOLS,
        timeout_minutes=settings.config.timeouts.check,
        expected_minutes=0.3,
        artifacts=(evidence(settings, CHANGES),),
        calls=(
            ActionCall(
                id=CHANGES,
                action="changes",
                title="Compare with the base",
                inputs={"ignore": lines(settings.config.paths.ignore), "evidence-name": CHANGES},
            ),
        ),
    )


def _quick_checks(settings: Settings) -> Job:
    checks = settings.config.quick_checks
    return Job(
        id=QUICK_CHECKS,
        stage="check",
        title="Quick checks",
        why="Finds conflict markers, files that do not parse and weights committed by mistake "
        "within seconds.",
        runner=hosted(settings),
        skip_when_unaffected=False,
        tools=PYTHON_TOOLS,
        timeout_minutes=settings.config.timeouts.check,
        expected_minutes=0.3,
        artifacts=(evidence(settings, QUICK_CHECKS),),
        calls=(
            ActionCall(
                id=QUICK_CHECKS,
                action="quick-checks",
                title="Check every tracked file",
                inputs={
                    "max-file-kib": str(checks.max_file_kib),
                    "exclude": lines(checks.exclude),
                    "evidence-name": QUICK_CHECKS,
                },
            ),
        ),
    )
