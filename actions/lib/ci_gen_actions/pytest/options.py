"""What the `pytest` action takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `pytest`. Folders are relative to the checkout unless absolute."""

    service: str = option(
        doc="The name of the service; part of the names of folders.", pattern=NAME
    )
    source: str = option(doc="The folder of the Python project; pytest runs in it.", default=".")
    paths: tuple[str, ...] = option(
        doc="What to collect tests from, relative to `source`; pytest's own choice where empty.",
        default=(),
        pattern=r"[^-].*",
    )
    args: tuple[str, ...] = option(doc="Further arguments of pytest.", default=())
    manager: str = option(
        doc="What installs the project. `auto` reads it from the lock files and pyproject.toml.",
        default="auto",
        choices=("auto", "uv", "poetry", "pdm", "pipenv", "pip"),
    )
    requirements: tuple[str, ...] = option(
        doc="Requirements files to install too, relative to `source`.",
        default=(),
        pattern=r"[^-].*",
    )
    extras: tuple[str, ...] = option(
        doc="Optional dependencies of the project to install.",
        default=(),
        pattern=NAME,
    )
    groups: tuple[str, ...] = option(doc="Dependency groups to install.", default=(), pattern=NAME)
    package: str = option(
        doc="A .tar.gz made by `build`, as path or glob that matches one. It is unpacked; tests "
        "find its folder in CI_GEN_PACKAGE_DIR and its bin/ first on PATH.",
        default="",
    )
    junit: str = option(
        doc="Where the JUnit report is written; `reports/junit-pytest-<service>.xml` where empty.",
        default="",
    )
    timeout: int = option(
        doc="Seconds that the tests may take, and the installation likewise; then the verdict "
        "is ERROR.",
        default=3600,
        minimum=1,
    )
    environment_folder: str = option(
        doc="The virtual environment, made anew each time; `.ci-gen-build/venv-<service>` where "
        "empty.",
        default="",
    )
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="pytest", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `pytest`."""

    tests: int = output(doc="How many tests were collected.", default=0)
    failures: int = output(doc="How many tests failed or could not run to their end.", default=0)
    skipped: int = output(doc="How many tests were skipped.", default=0)
    verdict: str = output(doc="PASS, FAIL, NO_DATA or ERROR.", default="")
