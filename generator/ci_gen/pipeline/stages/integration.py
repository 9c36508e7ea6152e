"""Stage `integration`: the pytest suites that run against the built package."""

from __future__ import annotations

from ci_gen.detect.model import ProjectKind
from ci_gen.pipeline.model import Need, Stage
from ci_gen.pipeline.parts import CHANGES, package
from ci_gen.pipeline.settings import ServiceSettings, Settings
from ci_gen.pipeline.stages.suites import pytest_job

_WHY = {
    ProjectKind.CMAKE: "Tests the very package that the build stage made, unpacked on a clean "
    "machine.",
    ProjectKind.PYTHON: "Tests the service as a whole, from its sources, once its package builds.",
}


def plan(settings: Settings) -> Stage | None:
    """One job for each service that has such a suite."""
    jobs = tuple(
        pytest_job(
            settings,
            service,
            stage="integration",
            title=f"Integration tests of {service.name}",
            why=_WHY[service.kind],
            paths=service.integration,
            needs=(Need(job=CHANGES), _build_of(settings, service)),
            package=f"dist/{service.name}-{_variant(service)}/*.tar.gz"
            if service.kind is ProjectKind.CMAKE
            else "",
        )
        for service in settings.services
        if service.integration
    )
    if not jobs:
        return None
    return Stage(
        id="integration",
        title="Integration tests",
        why="Parts that work alone can fail together; this finds it before anything is shipped.",
        jobs=jobs,
    )


def _variant(service: ServiceSettings) -> str:
    return "cpu" if service.kind is ProjectKind.CMAKE else "python"


def _build_of(settings: Settings, service: ServiceSettings) -> Need:
    variant = _variant(service)
    return Need(
        job=f"build-{variant}-{service.name}",
        artifacts=(package(settings, service, variant).name,)
        if service.kind is ProjectKind.CMAKE
        else (),
    )
