"""The generated pipeline of examples/llama-service, run on both platforms: real llama.cpp.

It is compiled for each platform. Where ccache is installed, the second compile takes the
first one's results, and a later run those of an earlier.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from tests.support import act, events, gitlab_local
from tests.support.engines import SUCCESS, RunResult
from tests.support.repositories import PROJECT, Repository
from tests.support.services import REMOTES, ci_gen, wheelhouse

pytestmark = pytest.mark.e2e

EXAMPLE = PROJECT / "examples/llama-service"
DRIFT = "ci-gen-drift"  # a workflow of its own on GitHub
# The repository is called demo, and so is its service.
BUILD, INTEGRATION = "build-cpu-demo", "integration-tests-demo"
ALL = {"changes", "quick-checks", BUILD, INTEGRATION, "ci-ok"}
Runs = Callable[[ModuleType], RunResult]


@pytest.fixture(scope="session")
def example(project: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The example's repository after `ci-gen init`."""
    folder = tmp_path_factory.mktemp("example") / "demo"
    script = EXAMPLE / "materialise.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    repository = Repository(folder)
    for name, url in REMOTES.items():
        repository.git("remote", "add", name, url)
    ci_gen(project, repository, "init", "--yes", "--platform", "both")
    repository.commit(message="Add a pipeline")
    return repository


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a runner with the packages that jobs install, and a warm ccache."""
    named = os.environ.get("CI_GEN_CACHE")
    cache = (Path(named) if named else Path.home() / ".cache/ci-gen") / "ccache-e2e"
    folder = tmp_path_factory.mktemp("wheels")
    packages = wheelhouse(folder, f"-r{EXAMPLE / 'tests/requirements.txt'}")
    return {**packages, "CCACHE_REMOTE_STORAGE": f"file:{cache}"}


@pytest.fixture(scope="session")
def runs(
    example: Repository,
    project: Repository,
    runner: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Runs:
    """The pipeline of a push, run once a platform."""
    done: dict[str, RunResult] = {}

    def run(engine: ModuleType) -> RunResult:
        if engine.__name__ not in done:
            folder = tmp_path_factory.mktemp("run")
            event = events.push(example)
            done[engine.__name__] = engine.run(
                example, event, project=project, folder=folder, env=runner
            )
        return done[engine.__name__]

    return run


def evidence(result: RunResult, job: str) -> dict[str, object]:
    (path,) = {path.name: path for path in result.files(f"{job}.json")}.values()
    document: dict[str, object] = json.loads(path.read_text("utf-8"))
    return document


def test_the_pipeline_is_green(runs: Runs, engine: ModuleType) -> None:
    result = runs(engine)
    assert result.ran() - {DRIFT} == ALL, result.explain()
    assert set(result.jobs.values()) == {SUCCESS}, result.explain()
    assert {evidence(result, job)["verdict"] for job in ALL} == {"PASS"}


def test_llama_cpp_was_compiled_and_packed(runs: Runs, engine: ModuleType, tmp_path: Path) -> None:
    result = runs(engine)
    (package,) = {path.name: path for path in result.files("*-cpu.tar.gz")}.values()
    with tarfile.open(package) as archive:
        (member,) = [each for each in archive if each.name.endswith("bin/llama-service")]
        content = archive.extractfile(member)
        assert content
        program = tmp_path / "llama-service"
        program.write_bytes(content.read())
        program.chmod(member.mode)
    done = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("llama-service 0.1.0 (llama.cpp ")


def test_its_suites_ran(runs: Runs, engine: ModuleType) -> None:
    result = runs(engine)
    unit = {path.stem.removeprefix("test_") for path in EXAMPLE.glob("tests/unit/test_*.cpp")}
    reports = {path.name: path.read_text("utf-8") for path in result.files("*.xml")}
    assert {name for name in unit if f'name="{name}"' in reports[f"{BUILD}.xml"]} == unit
    assert "test_the_published_tokens" in reports[f"{INTEGRATION}.xml"]
    assert "<skipped" not in reports[f"{INTEGRATION}.xml"]


def test_both_platforms_ran_the_same_jobs(runs: Runs) -> None:
    act.find(), gitlab_local.find()
    assert runs(act).ran() == runs(gitlab_local).ran() - {DRIFT}
