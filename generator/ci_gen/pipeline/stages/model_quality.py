"""Stage `model-quality`: each model's answers, measured on the very package that will serve it."""

from __future__ import annotations

from ci_gen.config.choices import Baseline, ForkPolicy, OnInconclusive
from ci_gen.pipeline.model import (
    VARIANT,
    ActionCall,
    Artifact,
    Cache,
    Job,
    Matrix,
    Need,
    Runner,
    Stage,
    StepRef,
    Value,
)
from ci_gen.pipeline.model_settings import ModelSettings
from ci_gen.pipeline.models import BASELINE, FETCH, fetch, fetch_baseline, fetched, kept, secret
from ci_gen.pipeline.parts import (
    CACHE_FOLDER,
    CHANGES,
    PYTHON_TOOLS,
    evidence,
    flag,
    gpu,
    hosted,
    lines,
    package,
)
from ci_gen.pipeline.settings import Settings

ACTION = "model-quality"


def plan(settings: Settings) -> Stage | None:
    """A job for each model that there is anything to measure with."""
    if not settings.models:
        return None
    return Stage(
        id="model-quality",
        title="Model quality",
        why="A model can break while everything compiles: another quantization, another chat "
        "template, another compiler flag. Its answers are compared with those of before, on the "
        "package that will serve it.",
        jobs=tuple(_job(settings, model) for model in settings.models),
    )


def job_id(model: ModelSettings) -> str:
    """The id of the job that measures a model, which is the name of its evidence, too."""
    return f"{ACTION}-{model.name}"


def report(settings: Settings, model: ModelSettings) -> Artifact:
    """What the job leaves for people and for the model registry."""
    return Artifact(
        name=f"reports-{job_id(model)}",
        paths=(_report(model, "html"), performance_report(model)),
        retention_days=settings.config.retention.reports,
        always=True,
    )


def performance_report(model: ModelSettings) -> str:
    """The facts that the model registry keeps."""
    return _report(model, "performance.json")


def _report(model: ModelSettings, ending: str) -> str:
    return f"reports/{job_id(model)}.{ending}"


def _job(settings: Settings, model: ModelSettings) -> Job:
    config, own = settings.config, job_id(model)
    approved = model.cuda and config.forks.gpu is ForkPolicy.APPROVE
    forks = not secret(settings, model) and (approved or not model.cuda)
    compared = [BASELINE] if model.declared.quality.baseline is Baseline.MODEL else []
    names = [fetched(model, FETCH), *(fetched(model, each) for each in compared)]
    return Job(
        id=own,
        stage="model-quality",
        title=f"Quality of {model.name}",
        why="Measures perplexity and answers, and compares them with "
        f"{_AGAINST[model.declared.quality.baseline]}.",
        runner=_runner(settings, model),
        tools=() if model.cuda else PYTHON_TOOLS,
        needs=(Need(job=CHANGES), _build(settings, model)),
        areas=(model.area,),
        warns=model.declared.quality.on_inconclusive is OnInconclusive.WARN,
        forks=forks,
        approval=config.forks.environment if approved and forks else "",
        matrix=Matrix(rows=({"variant": model.variant},)) if model.cuda else None,
        large_files=model.in_tree,
        timeout_minutes=config.timeouts.quality,
        expected_minutes=10,
        caches=(*kept(settings, model), *_stored(model)),
        gate=True,
        artifacts=(evidence(settings, own, *names), report(settings, model)),
        calls=(
            fetch(settings, model, FETCH),
            *(fetch_baseline(settings, model) for _ in compared),
            ActionCall(
                id="quality",
                action=ACTION,
                title=f"Measure {model.name}",
                inputs=_inputs(settings, model),
            ),
        ),
    )


_AGAINST = {
    Baseline.STORED: "what the default branch measured last",
    Baseline.MODEL: "another model, measured in the same job",
    Baseline.NONE: "nothing",
}


def _runner(settings: Settings, model: ModelSettings) -> Runner:
    return gpu(settings) if model.cuda else hosted(settings)


def _build(settings: Settings, model: ModelSettings) -> Need:
    """The build of the package that is measured; of a matrix this job's row alone."""
    kind = "cuda" if model.cuda else "cpu"
    made = package(settings, model.service, VARIANT if model.cuda else "cpu")
    return Need(job=f"build-{kind}-{model.service.name}", artifacts=(made.name,))


def _store(model: ModelSettings) -> str:
    return f"{CACHE_FOLDER}/quality-{model.name}"


def _stored(model: ModelSettings) -> tuple[Cache, ...]:
    """The last measurement of the default branch."""
    if model.declared.quality.baseline is not Baseline.STORED:
        return ()
    name = f"quality-{model.name}-{model.variant}"
    return (
        Cache(
            name=name,
            path=_store(model),
            key=name,
            what="the default branch's last measurement",
            guarded=True,
        ),
    )


def _inputs(settings: Settings, model: ModelSettings) -> dict[str, Value]:
    quality = model.declared.quality
    variant = VARIANT if model.cuda else "cpu"
    return {
        "service": model.service.name,
        "package": f"dist/{model.service.name}-{variant}/*.tar.gz",
        "model": StepRef(FETCH, "fetch-model", "path"),
        **_baseline(model),
        "require-baseline": flag(quality.require_baseline),
        "engine": quality.engine.value,
        "texts": lines(quality.texts),
        "questions": lines(quality.questions),
        "tasks": lines(quality.tasks),
        "chunks": str(quality.chunks),
        "context": str(quality.context),
        "max-tokens": str(quality.max_tokens),
        "threads": str(quality.threads),
        "chat-template": quality.chat_template,
        "args": lines(quality.args),
        "max-perplexity-percent": _number(quality.max_perplexity_percent),
        "max-accuracy-drop": _number(quality.max_accuracy_drop),
        "max-divergence": _number(quality.max_divergence),
        "on-inconclusive": quality.on_inconclusive.value,
        "report": _report(model, "html"),
        "performance-report": performance_report(model),
        # The job's own end would leave neither evidence nor report.
        "timeout": str(settings.config.timeouts.quality * 54),
        "evidence-name": job_id(model),
    }


def _baseline(model: ModelSettings) -> dict[str, Value]:
    """What is compared with, and where this measurement is left."""
    baseline = model.declared.quality.baseline
    if baseline is Baseline.STORED:
        stored = f"{_store(model)}/measurement.json"
        return {"baseline": stored, "measurement": stored}
    left: dict[str, Value] = {"measurement": _report(model, "measurement.json")}
    if baseline is Baseline.MODEL:
        left["baseline-model"] = StepRef(BASELINE, "fetch-model", "path")
    return left


def _number(value: float) -> str:
    return f"{value:.12g}"
