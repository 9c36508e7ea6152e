"""From settings to the plan: every stage in order, and the one job that sums them up."""

from __future__ import annotations

from collections.abc import Iterable

from ci_gen.pipeline.model import (
    ActionCall,
    Environment,
    ForkRef,
    Job,
    Need,
    NeedsRef,
    OutputRef,
    Pipeline,
    ResultsRef,
    Stage,
    Triggers,
    Value,
)
from ci_gen.pipeline.parts import (
    CHANGES,
    EVIDENCE_FOLDER,
    PYTHON_TOOLS,
    evidence,
    evidence_names,
    hosted,
)
from ci_gen.pipeline.settings import Settings
from ci_gen.pipeline.stages import STAGES, model_release, release

AGGREGATE = "ci-ok"


def plan(settings: Settings) -> Pipeline:
    """The whole pipeline."""
    stages = tuple(stage for make in STAGES if (stage := make(settings)) is not None)
    last = (release.plan(settings, stages), model_release.plan(settings))
    stages = (*stages, *(stage for stage in last if stage is not None))
    triggers = settings.config.triggers
    return Pipeline(
        name=settings.name,
        default_branch=settings.default_branch,
        triggers=Triggers(
            pull_request=triggers.pull_request, tags=triggers.tags, manual=triggers.manual
        ),
        stages=(*stages, _gate(settings, stages)),
        environments=tuple(
            Environment(name=environment.name, tier=environment.tier.value)
            for environment in settings.config.environments
        ),
        aggregate=AGGREGATE,
    )


def _gate(settings: Settings, stages: tuple[Stage, ...]) -> Stage:
    jobs = [job for stage in stages for job in stage.jobs if not job.by_hand]
    return Stage(
        id="gate",
        title="Gate",
        why="One name for branch protection to require, whatever jobs the pipeline gains or loses.",
        jobs=(_aggregate(settings, jobs),),
    )


def _aggregate(settings: Settings, jobs: list[Job]) -> Job:
    return Job(
        id=AGGREGATE,
        stage="gate",
        title="Everything passed",
        why="Green only if every job that had to run did, and passed. A job that is missing, "
        "cancelled or skipped without a measured reason is not green.",
        runner=hosted(settings),
        tools=PYTHON_TOOLS,
        needs=tuple(
            Need(
                job=job.id,
                artifacts=tuple(a.name for a in job.artifacts if a.name.startswith("evidence-")),
            )
            for job in jobs
        ),
        skip_when_unaffected=False,
        timeout_minutes=settings.config.timeouts.check,
        expected_minutes=0.3,
        artifacts=(evidence(settings, AGGREGATE),),
        gate=True,
        always=True,
        all_evidence=True,
        calls=(
            ActionCall(
                id="gate",
                action="gate",
                title="Sum up",
                inputs={
                    "needs": NeedsRef(),
                    "expected": _results(jobs),
                    "skip-unaffected": _results(
                        (job for job in jobs if job.skip_when_unaffected), areas=True
                    ),
                    "skip-forks": _results(job for job in jobs if not job.forks),
                    "skip-unmerged": _results(job for job in jobs if job.after_merge),
                    "warn-inconclusive": _results(job for job in jobs if job.warns),
                    "code": OutputRef(CHANGES, "changes", "code"),
                    **_affected(jobs),
                    "fork": ForkRef(),
                    "evidence-folder": EVIDENCE_FOLDER,
                    "evidence-name": AGGREGATE,
                },
            ),
        ),
    )


def _affected(jobs: Iterable[Job]) -> dict[str, Value]:
    """The parts that a change can affect, where any job asks."""
    asked = any(job.areas for job in jobs)
    return {"areas": OutputRef(CHANGES, "changes", "areas")} if asked else {}


def _results(jobs: Iterable[Job], *, areas: bool = False) -> ResultsRef:
    """The jobs by name, with the parts that they belong to where `areas`."""
    chosen = [(job, f": {' '.join(job.areas)}" if areas and job.areas else "") for job in jobs]
    return ResultsRef(
        jobs=tuple(f"{job.id}{parts}" for job, parts in chosen),
        evidence=tuple(f"{name}{parts}" for job, parts in chosen for name in evidence_names(job)),
    )
