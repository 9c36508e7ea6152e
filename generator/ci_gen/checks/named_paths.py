"""Rule: every folder and file that the pipeline will be given is there.

A path may be absent for a reason (a submodule that is not checked out, a file that the build
makes), so this warns. A suite that is gone would otherwise be found in CI.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ci_gen.errors import Problem
from ci_gen.pipeline.settings import CONFIG_FILE, ServiceSettings

if TYPE_CHECKING:
    from ci_gen.project import Project


def check(project: Project) -> Iterator[Problem]:
    """A problem for every named path that is not there."""
    for service in project.settings.services:
        for what, path in _named(service):
            if not (project.root / path).exists():
                yield Problem(
                    CONFIG_FILE,
                    0,
                    0,
                    f'{what} of service "{service.name}" is not there: {path}',
                    "correct it in ci-gen.yaml, or run `ci-gen detect --update`",
                )


def _named(service: ServiceSettings) -> Iterator[tuple[str, str]]:
    yield "the folder", service.path
    for path in service.unit:
        yield "a unit test path", path
    for path in service.integration:
        yield "an integration test path", path
    for path in service.requirements:
        yield "a requirements file", path
