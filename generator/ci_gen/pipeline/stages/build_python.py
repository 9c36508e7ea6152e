"""Stage `build-python`: the wheel, or source archive, of a Python service."""

from __future__ import annotations

from ci_gen.detect.model import ProjectKind
from ci_gen.pipeline.model import ActionCall, Job, Stage
from ci_gen.pipeline.parts import PYTHON_TOOLS, evidence, first_checks, hosted, package, within
from ci_gen.pipeline.settings import ServiceSettings, Settings


def plan(settings: Settings) -> Stage | None:
    """One build for each Python service."""
    jobs = tuple(
        _job(settings, service)
        for service in settings.services
        if service.kind is ProjectKind.PYTHON
    )
    if not jobs:
        return None
    return Stage(
        id="build-python",
        title="Python build",
        why="The service is built once; what is tested later is what was built here.",
        jobs=jobs,
    )


def _job(settings: Settings, service: ServiceSettings) -> Job:
    job_id = f"build-python-{service.name}"
    return Job(
        id=job_id,
        stage="build-python",
        title=f"Build {service.name}",
        why="Builds the wheel of the service, or an archive of its sources where it is no package.",
        runner=hosted(settings),
        tools=PYTHON_TOOLS,
        needs=first_checks(),
        submodules=settings.submodules,
        timeout_minutes=settings.config.timeouts.build,
        expected_minutes=2,
        artifacts=(evidence(settings, job_id), package(settings, service, "python")),
        calls=(
            ActionCall(
                id="build",
                action="build-python",
                title="Build the package",
                inputs={
                    "service": service.name,
                    "source": service.path,
                    "manager": service.manager.value,
                    "requirements": within(service.path, service.requirements),
                    "output-folder": f"dist/{service.name}-python",
                    "package-name": f"{service.name}-python",
                    "evidence-name": job_id,
                },
            ),
        ),
    )
