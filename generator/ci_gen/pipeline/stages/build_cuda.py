"""Stage `build-cuda`: the CUDA build matrix on self-hosted GPU runners."""

from __future__ import annotations

from ci_gen.config.choices import ForkPolicy
from ci_gen.detect.model import ProjectKind
from ci_gen.pipeline.model import VARIANT, ActionCall, Job, Matrix, MatrixRef, Stage
from ci_gen.pipeline.parts import (
    areas,
    compiler_cache,
    evidence,
    first_checks,
    gpu,
    package,
    reports,
)
from ci_gen.pipeline.settings import ServiceSettings, Settings
from ci_gen.pipeline.stages.builds import build_inputs


def plan(settings: Settings) -> Stage | None:
    """A matrix over the CUDA variants for each CMake service that wants them."""
    if not settings.config.cuda.enabled:
        return None
    jobs = tuple(
        _job(settings, service)
        for service in settings.services
        if service.kind is ProjectKind.CMAKE and service.declared.cuda
    )
    if not jobs:
        return None
    return Stage(
        id="build-cuda",
        title="CUDA builds",
        why="What is served is what was compiled and tested on the hardware it is for. These "
        "runners are scarce and trusted: only changes that can affect a build reach them, and "
        "no fork does unless a person lets it.",
        jobs=jobs,
    )


def _job(settings: Settings, service: ServiceSettings) -> Job:
    config = settings.config
    job_id = f"build-cuda-{service.name}"
    name = f"{job_id}-{VARIANT}"
    junit = f"reports/{name}.xml" if service.ctest else ""
    artifacts = [evidence(settings, name), package(settings, service, VARIANT)]
    if junit:
        artifacts.append(reports(settings, name, junit))
    approved = config.forks.gpu is ForkPolicy.APPROVE
    inputs = build_inputs(settings, service, backend="cuda", variant=VARIANT, junit=junit)
    return Job(
        id=job_id,
        stage="build-cuda",
        title=f"Build {service.name} for CUDA",
        why="Compiles each variant of the matrix with the runner's CUDA toolkit, runs ctest and "
        "packs the result.",
        runner=gpu(settings),
        needs=first_checks(),
        areas=areas(settings, service, cuda=True),
        forks=approved,
        approval=config.forks.environment if approved else "",
        submodules=settings.submodules,
        large_files=bool(config.cuda.smoke_model),
        matrix=Matrix(
            rows=tuple(
                {
                    "variant": variant.name,
                    "architectures": ";".join(variant.architectures),
                    "toolkit": variant.toolkit,
                }
                for variant in config.cuda.variants
            )
        ),
        timeout_minutes=config.timeouts.cuda,
        expected_minutes=25,
        caches=compiler_cache(settings, name),
        junit=(junit,) if junit else (),
        artifacts=tuple(artifacts),
        calls=(
            ActionCall(
                id="build",
                action="build",
                title="Configure, compile, test and package",
                inputs={
                    **inputs,
                    "architectures": MatrixRef("architectures"),
                    "toolkit": MatrixRef("toolkit"),
                    "cuda-option": service.cuda_option,
                    "smoke-model": config.cuda.smoke_model,
                },
            ),
        ),
    )
