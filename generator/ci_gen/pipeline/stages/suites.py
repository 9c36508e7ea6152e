"""The pytest jobs of stages `unit` and `integration`: the same job but for what it runs."""

from __future__ import annotations

import posixpath

from ci_gen.pipeline.model import ActionCall, Job, Need
from ci_gen.pipeline.parts import PYTHON_TOOLS, evidence, hosted, lines, reports, within
from ci_gen.pipeline.settings import ServiceSettings, Settings


def pytest_job(
    settings: Settings,
    service: ServiceSettings,
    *,
    stage: str,
    title: str,
    why: str,
    paths: tuple[str, ...],
    needs: tuple[Need, ...],
    package: str = "",
    ignored: tuple[str, ...] = (),
) -> Job:
    """A job that installs the test dependencies and runs pytest on `paths`.

    `package` is a glob of the built package to test against, "" where none is needed. What
    lies below `paths` and is `ignored` is left out.
    """
    job_id = f"{stage}-tests-{service.name}"
    junit = f"reports/{job_id}.xml"
    return Job(
        id=job_id,
        stage=stage,
        title=title,
        why=why,
        runner=hosted(settings),
        tools=PYTHON_TOOLS,
        needs=needs,
        timeout_minutes=settings.config.timeouts.test,
        expected_minutes=3,
        junit=(junit,),
        artifacts=(evidence(settings, job_id), reports(settings, job_id, junit)),
        submodules=False,
        calls=(
            ActionCall(
                id="pytest",
                action="pytest",
                title="Run pytest",
                inputs={
                    "service": service.name,
                    "source": service.python_path,
                    "paths": within(service.python_path, paths),
                    "args": lines(_arguments(service, ignored)),
                    "manager": service.manager.value,
                    "requirements": within(service.python_path, service.requirements),
                    "extras": lines(service.extras),
                    "groups": lines(service.groups),
                    "package": package,
                    "junit": junit,
                    "evidence-name": job_id,
                },
            ),
        ),
    )


def _arguments(service: ServiceSettings, ignored: tuple[str, ...]) -> list[str]:
    left_out = [posixpath.relpath(path, service.python_path) for path in ignored]
    return [*(f"--ignore={path}" for path in left_out), *service.declared.pytest.args]
