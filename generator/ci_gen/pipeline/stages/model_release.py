"""Stage `model-release`: a measured model becomes a version of the registry, and is promoted."""

from __future__ import annotations

from collections.abc import Iterator

from ci_gen.pipeline.model import (
    AFTER_MERGE,
    Access,
    ActionCall,
    Grant,
    Job,
    Need,
    Stage,
    StepRef,
    Value,
)
from ci_gen.pipeline.model_settings import ModelSettings
from ci_gen.pipeline.models import FETCH, fetch, fetched, kept, publishing, recorded
from ci_gen.pipeline.parts import (
    CHANGES,
    EVIDENCE_FOLDER,
    PYTHON_TOOLS,
    evidence,
    hosted,
    lines,
)
from ci_gen.pipeline.settings import Settings
from ci_gen.pipeline.stages import model_quality

ACTION = "model-release"
_RECORD = Grant(Access.WRITE_BRANCHES, "to record versions and pointers on the branch ci-gen-data")


def plan(settings: Settings) -> Stage | None:
    """For each model that is published a job, and one that promotes it by hand."""
    jobs = tuple(
        job
        for model in settings.models
        if model.declared.release.publish
        for job in _jobs(settings, model)
    )
    if not jobs:
        return None
    return Stage(
        id="model-release",
        title="Model release",
        why="A version of a model never changes, and says by whom it was measured and what was "
        "found. What is served follows a pointer, which moves to what passed, and back.",
        jobs=jobs,
    )


def _jobs(settings: Settings, model: ModelSettings) -> Iterator[Job]:
    release = model.declared.release
    published = f"{ACTION}-{model.name}"
    yield _job(
        settings,
        model,
        published,
        title=f"Publish {model.name}",
        why="Publishes what was measured as a version of the model registry, with what was found"
        + (
            f", and moves {_listed(release.promote_on_pass)} to it."
            if release.promote_on_pass
            else "."
        ),
        pointers=release.promote_on_pass,
    )
    if release.promote_by_hand:
        yield _job(
            settings,
            model,
            f"model-promote-{model.name}",
            title=f"Promote {model.name}",
            why=f"Moves {_listed(release.promote_by_hand)} to the published version once a person "
            "has said so.",
            pointers=release.promote_by_hand,
            approval=release.environment,
            after=published,
        )


def _job(
    settings: Settings,
    model: ModelSettings,
    own: str,
    *,
    title: str,
    why: str,
    pointers: tuple[str, ...],
    approval: str = "",
    after: str = "",
) -> Job:
    measured = model_quality.job_id(model)
    report = model_quality.report(settings, model)
    call = f"{FETCH}-{'promoted' if approval else 'published'}"
    return Job(
        id=own,
        stage="model-release",
        title=title,
        why=why,
        runner=hosted(settings),
        tools=PYTHON_TOOLS,
        needs=(
            Need(job=CHANGES),
            Need(job=measured, artifacts=(f"evidence-{measured}", report.name)),
            *([Need(job=after)] if after else []),
        ),
        areas=(model.area,),
        events=AFTER_MERGE,
        forks=False,
        approval=approval,
        grants=(_RECORD,) if recorded(settings) else (),
        large_files=model.in_tree,
        timeout_minutes=settings.config.timeouts.release,
        expected_minutes=2,
        caches=kept(settings, model),
        artifacts=(evidence(settings, own, fetched(model, call)),),
        calls=(
            fetch(settings, model, call),
            ActionCall(
                id="release",
                action=ACTION,
                title="Promote it" if approval else "Publish it",
                inputs=_inputs(settings, model, own, pointers),
            ),
        ),
    )


def _inputs(
    settings: Settings, model: ModelSettings, own: str, pointers: tuple[str, ...]
) -> dict[str, Value]:
    return {
        "name": model.name,
        "version": StepRef(FETCH, "fetch-model", "version"),
        "model": StepRef(FETCH, "fetch-model", "path"),
        "model-sha256": StepRef(FETCH, "fetch-model", "sha256"),
        **publishing(settings),
        "evidence-folder": EVIDENCE_FOLDER,
        "report": model_quality.performance_report(model),
        "require": lines((model_quality.job_id(model),)),
        "tests": "quality",
        "promote": "on-pass" if pointers else "manual",
        # Where none moves by itself, the job says how to move them by hand.
        "stage": lines(pointers or model.declared.release.promote_by_hand or ("latest",)),
        "publish": "auto",
        "service": model.service.name,
        "evidence-name": own,
    }


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[:-1] else []), names[-1]])
