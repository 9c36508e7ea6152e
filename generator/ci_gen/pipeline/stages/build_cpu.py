"""Stage `build-cpu`: compile, ctest and package on hosted runners."""

from __future__ import annotations

from ci_gen.detect.model import ProjectKind
from ci_gen.pipeline.model import ActionCall, Job, Stage
from ci_gen.pipeline.parts import (
    BUILD_TOOLS,
    areas,
    compiler_cache,
    evidence,
    first_checks,
    hosted,
    package,
    reports,
)
from ci_gen.pipeline.settings import ServiceSettings, Settings
from ci_gen.pipeline.stages.builds import build_inputs


def plan(settings: Settings) -> Stage | None:
    """One build for each CMake service."""
    jobs = tuple(
        _job(settings, service)
        for service in settings.services
        if service.kind is ProjectKind.CMAKE
    )
    if not jobs:
        return None
    return Stage(
        id="build-cpu",
        title="CPU build",
        why="Every change compiles and passes its unit tests on a machine without a GPU; the "
        "package made here is what all later stages use.",
        jobs=jobs,
    )


def _job(settings: Settings, service: ServiceSettings) -> Job:
    job_id = f"build-cpu-{service.name}"
    junit = f"reports/{job_id}.xml" if service.ctest else ""
    artifacts = [evidence(settings, job_id), package(settings, service, "cpu")]
    if junit:
        artifacts.append(reports(settings, job_id, junit))
    return Job(
        id=job_id,
        stage="build-cpu",
        title=f"Build {service.name} for the CPU",
        why="Compiles, runs ctest in the build folder and packs what was tested.",
        runner=hosted(settings),
        tools=BUILD_TOOLS,
        needs=first_checks(),
        areas=areas(settings, service, cuda=False),
        submodules=settings.submodules,
        timeout_minutes=settings.config.timeouts.build,
        expected_minutes=8,
        caches=compiler_cache(settings, job_id),
        junit=(junit,) if junit else (),
        artifacts=tuple(artifacts),
        calls=(
            ActionCall(
                id="build",
                action="build",
                title="Configure, compile, test and package",
                inputs=build_inputs(settings, service, backend="cpu", variant="cpu", junit=junit),
            ),
        ),
    )
