"""What the jobs of several stages have in common."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from ci_gen.pipeline.model import VARIANT, Artifact, Cache, Job, Need, Runner
from ci_gen.pipeline.settings import ServiceSettings, Settings

# Everything waits for these two: the path filter, and the checks that take seconds.
CHANGES = "changes"
QUICK_CHECKS = "quick-checks"

EVIDENCE_FOLDER = "evidence"
CACHE_FOLDER = ".ci-gen-cache"
CCACHE_FOLDER = f"{CACHE_FOLDER}/ccache"

PYTHON_TOOLS = ("git", "python3")
ENGINE_TOOLS = ("docker", "git", "python3")
BUILD_TOOLS = ("c++", "ccache", "cmake", "git", "ninja", "python3")


def hosted(settings: Settings) -> Runner:
    """The runner of every job that needs no GPU."""
    runner = settings.config.runners.hosted
    return Runner(
        labels=runner.labels,
        tags=runner.tags,
        image=runner.image or "",
        hosted=True,
    )


def gpu(settings: Settings) -> Runner:
    """The self-hosted runner with a GPU."""
    runner = settings.config.runners.gpu
    return Runner(
        labels=runner.labels, tags=runner.tags, image=runner.image, hosted=False, gpu=True
    )


def lines(items: Iterable[str]) -> str:
    """A multi-line input: one item a line."""
    return "\n".join(items)


def within(folder: str, paths: Iterable[str]) -> str:
    """A multi-line input of paths relative to `folder`, from paths relative to the root.

    None of them begins like an option of a command.
    """
    inside = (posixpath.relpath(path, folder) for path in paths)
    return lines(f"./{path}" if path.startswith("-") else path for path in inside)


def flag(value: bool) -> str:
    """A boolean input."""
    return "true" if value else "false"


def first_checks() -> tuple[Need, ...]:
    """The needs of a job that has no other."""
    return (Need(job=CHANGES), Need(job=QUICK_CHECKS))


def evidence(settings: Settings, name: str, *more: str) -> Artifact:
    """The job's evidence files, kept whatever the verdict; those of further calls by `more`."""
    return Artifact(
        name=f"evidence-{name}",
        paths=tuple(f"{EVIDENCE_FOLDER}/{each}.json" for each in (name, *more)),
        retention_days=settings.config.retention.evidence,
        always=True,
    )


def evidence_names(job: Job) -> list[str]:
    """The names of the evidence files that a job leaves: one a call, for each row of its matrix."""
    paths = [
        path for each in job.artifacts if each.name.startswith("evidence-") for path in each.paths
    ]
    return [
        posixpath.basename(path).removesuffix(".json").replace(VARIANT, row.get("variant", ""))
        for row in job.rows
        for path in paths
    ]


def reports(settings: Settings, name: str, junit: str) -> Artifact:
    """The job's report, kept whatever the verdict."""
    return Artifact(
        name=f"reports-{name}",
        paths=(junit,),
        retention_days=settings.config.retention.reports,
        always=True,
    )


def package(settings: Settings, service: ServiceSettings, variant: str) -> Artifact:
    """What a build leaves for later jobs and for people."""
    return Artifact(
        name=f"package-{service.name}-{variant}",
        paths=(f"dist/{service.name}-{variant}/",),
        retention_days=settings.config.retention.packages,
    )


def compiler_cache(settings: Settings, name: str) -> tuple[Cache, ...]:
    """ccache's folder, where it is wanted."""
    if not settings.config.compiler_cache:
        return ()
    return (Cache(name=f"ccache-{name}", path=CCACHE_FOLDER, key=f"ccache-{name}"),)


def areas(settings: Settings, service: ServiceSettings, *, cuda: bool) -> tuple[str, ...]:
    """The parts whose own files need a package of the service: the models tested with it."""
    return tuple(
        model.area
        for model in settings.models
        if model.service.name == service.name and model.cuda is cuda
    )
