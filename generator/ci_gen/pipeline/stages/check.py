"""Stage `check`: what takes seconds and saves hours, before anything is compiled."""

from __future__ import annotations

from ci_gen.pipeline.model import ActionCall, Job, Stage
from ci_gen.pipeline.parts import CHANGES, PYTHON_TOOLS, QUICK_CHECKS, evidence, hosted, lines
from ci_gen.pipeline.settings import Settings

_LOCK = ".ci-gen/lock.json"


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
                inputs={
                    "ignore": lines(_ignored(settings)),
                    "areas": lines(_areas(settings)),
                    "evidence-name": CHANGES,
                },
            ),
        ),
    )


def _ignored(settings: Settings) -> list[str]:
    """What cannot affect a build; the lock tells of a model's config, and no job reads it."""
    apart = [path for model in settings.models for path in model.apart]
    own = [_LOCK] if apart else []
    return [*settings.config.paths.ignore, *dict.fromkeys(map(_literal, [*apart, *own]))]


def _areas(settings: Settings) -> list[str]:
    """A line for each file that a model depends on."""
    return [f"{model.area}: {_literal(path)}" for model in settings.models for path in model.files]


def _literal(path: str) -> str:
    """A pattern that matches the path alone."""
    escaped = path.replace("[", "\\[")
    return f"\\{escaped}" if escaped.startswith("!") else escaped


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
