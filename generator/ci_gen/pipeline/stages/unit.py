"""Stage `unit`: the pytest suites that need no built package, beside the build."""

from __future__ import annotations

from ci_gen.pipeline.model import Stage
from ci_gen.pipeline.parts import first_checks
from ci_gen.pipeline.settings import Settings
from ci_gen.pipeline.stages.suites import pytest_job


def plan(settings: Settings) -> Stage | None:
    """One job for each service that has such a suite."""
    jobs = tuple(
        pytest_job(
            settings,
            service,
            stage="unit",
            title=f"Unit tests of {service.name}",
            why="Python tests that need no binary give their answer while the build still runs.",
            paths=service.unit,
            needs=first_checks(),
            ignored=_below(service.unit, service.integration),
        )
        for service in settings.services
        if service.unit
    )
    if not jobs:
        return None
    return Stage(
        id="unit",
        title="Unit tests",
        why="The fastest tests run first and beside the build, so that most mistakes are known "
        "in minutes.",
        jobs=jobs,
    )


def _below(folders: tuple[str, ...], paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths that pytest would collect with one of the folders."""
    return tuple(
        path
        for path in paths
        if any(folder == "." or path.startswith(f"{folder}/") for folder in folders)
    )
