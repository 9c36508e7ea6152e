"""A repository with a generated pipeline, as its maintainer would have it after `ci-gen init`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support import events
from tests.support.repositories import PROJECT, Repository, make_repository, read_tree

CMAKE_SERVICE = PROJECT / "tests/fixtures/e2e/cmake-service"
REMOTES = {"origin": f"https://github.com/{events.SLUG}.git"}


def ci_gen(
    project: Repository,
    repository: Repository,
    *arguments: str,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run the generator of `project` in a repository; its output. Raises AssertionError."""
    rooms = os.pathsep.join([str(project.path / "generator"), str(project.path / "actions/lib")])
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "ci_gen", *arguments],
        cwd=repository.path,
        env={**kept, "PYTHONPATH": rooms, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"ci-gen {' '.join(arguments)}: {done.returncode}\n{done.stdout}")
    return done.stdout


def initialised(
    folder: Path, project: Repository, *settings: str, files: Path = CMAKE_SERVICE
) -> Repository:
    """The repository after `ci-gen init --yes --platform both`, and `config set` of `key=value`."""
    repository = make_repository(folder, read_tree(files), REMOTES)
    ci_gen(project, repository, "init", "--yes", "--platform", "both")
    for setting in settings:
        ci_gen(project, repository, "config", "set", *setting.split("=", 1))
    if settings:
        ci_gen(project, repository, "generate")
    repository.commit(message="Add a pipeline")
    return repository


def wheelhouse(folder: Path, *requirements: str) -> dict[str, str]:
    """Download what jobs install, and the environment in which they need no index for it.

    Each requirement on its own: a lock has digests, which pip then demands of all in the command.
    """
    files = [f"-r{path}" for path in [PROJECT / "requirements/generator.txt"] if path.exists()]
    python = getattr(sys, "_base_executable", sys.executable)
    for wanted in (files, *([each] for each in requirements)):
        if wanted:
            subprocess.run(
                [python, "-m", "pip", "download", "--quiet", "--dest", str(folder), *wanted],
                check=True,
            )
    return {
        "PIP_NO_INDEX": "1",
        "PIP_NO_COMPILE": "1",
        "PIP_FIND_LINKS": str(folder),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(folder),
        "UV_OFFLINE": "1",
    }
