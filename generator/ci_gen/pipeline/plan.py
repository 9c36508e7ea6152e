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
from ci_gen.pipeline.stages import STAGES, release

AGGREGATE = "ci-ok"


def plan(settings: Settings) -> Pipeline:
    """The whole pipeline."""
    stages = tuple(stage for make in STAGES if (stage := make(settings)) is not None)
    last = release.plan(settings, stages)
    stages = (*stages, last) if last else stages
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
    jobs = [job for stage in stages for job in stage.jobs]
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
                    "skip-unaffected": _results(job for job in jobs if job.skip_when_unaffected),
                    "skip-forks": _results(job for job in jobs if not job.forks),
                    "skip-unmerged": _results(job for job in jobs if job.after_merge),
                    "code": OutputRef(CHANGES, "changes", "code"),
                    "fork": ForkRef(),
                    "evidence-folder": EVIDENCE_FOLDER,
                    "evidence-name": AGGREGATE,
                },
            ),
        ),
    )


def _results(jobs: Iterable[Job]) -> ResultsRef:
    chosen = tuple(jobs)
    return ResultsRef(
        jobs=tuple(job.id for job in chosen),
        evidence=tuple(name for job in chosen for name in evidence_names(job)),
    )
