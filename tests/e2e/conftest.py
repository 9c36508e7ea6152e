"""What the end-to-end tests share: this project as a repository, and the two engines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import act, gitlab_local
from tests.support.lint_tools import MissingToolError
from tests.support.repositories import PROJECT, Repository, snapshot
from tests.support.services import wheelhouse


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """This project as it is now, in one commit: where the actions are taken from."""
    return snapshot(tmp_path_factory.mktemp("project") / "ci-gen")


@pytest.fixture(scope="session", params=["github", "gitlab"])
def engine(request: pytest.FixtureRequest) -> Iterator[object]:
    """Act and gitlab-ci-local in turn; skipped with the reason where one is not installed."""
    engine = {"github": act, "gitlab": gitlab_local}[request.param]
    try:
        engine.find()
    except MissingToolError as error:
        # Where the engines must be there, a missing one is a failure, not a silence.
        (pytest.fail if os.environ.get("CI_GEN_REQUIRE_ENGINES") else pytest.skip)(str(error))
    yield engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where one run may leave its files."""
    return tmp_path / "run"


@pytest.fixture(scope="session")
def offline_packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a runner that has the packages that jobs install."""
    from ci_gen_actions.pytest.pins import PYTEST

    locks = (f"-r{path}" for path in sorted(PROJECT.glob("actions/requirements/*.txt")))
    return wheelhouse(tmp_path_factory.mktemp("wheels"), f"pytest=={PYTEST}", *locks)
