"""The generated pipeline of a small CMake, ctest and pytest repository, run on both platforms.

The files are what `ci-gen init --yes --platform both` writes, with one setting: no advisory
service is asked, which a machine without a way out could not. They compile, test, scan, pack and
hand on for real. Each scenario runs once on each platform; several tests look at it.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from tests.support import act, events, gitlab_local
from tests.support.engines import FAILURE, SELF_SKIPPED, SKIPPED, SUCCESS, RunResult
from tests.support.events import Event
from tests.support.repositories import Repository
from tests.support.services import initialised

pytestmark = pytest.mark.e2e

DRIFT = "ci-gen-drift"  # a workflow of its own on GitHub
BUILD, INTEGRATION, UNIT = "build-cpu-demo", "integration-tests-demo", "unit-tests-demo"
CUDA = "build-cuda-demo"
SCAN = "scan-source"
ALL = {"changes", "quick-checks", BUILD, UNIT, INTEGRATION, SCAN, "ci-ok"}
OFFLINE = "security.dependencies=false"


@dataclass(frozen=True)
class Scenario:
    """A change to the repository and the event that it causes."""

    prepare: Callable[[Repository], Event]
    settings: tuple[str, ...] = ()
    gpu: bool = False


def _pushed(files: dict[str, str]) -> Callable[[Repository], Event]:
    def prepare(repository: Repository) -> Event:
        base = repository.head
        repository.commit(files)
        return events.push(repository, base)

    return prepare


def _proposed(files: dict[str, str], *, fork: bool) -> Callable[[Repository], Event]:
    def prepare(repository: Repository) -> Event:
        base = repository.head
        repository.branch("feature")
        return events.pull_request(base, repository.commit(files), fork=fork)

    return prepare


def _tagged(repository: Repository) -> Event:
    repository.git("tag", "v1.0.0")
    return events.tag(repository, "v1.0.0")


_WITH_CUDA = ("cuda.enabled=true",)
_WITH_OLD_CUDA = (*_WITH_CUDA, 'cuda.variants=[{name: old, toolkit: "1.1"}]')  # nobody has it
# Environments for pytest take most of a run's time; these scenarios are about something else.
_WITHOUT_PYTEST = ('services=[{name: demo, path: ".", pytest: {unit: [], integration: []}}]',)
_FASTER = {"settings.json": '{"tokens": 3, "threads": 2}\n'}
_BROKEN_CTEST = {"tests/test_limits.cpp": "int main() { return 1; }\n"}
SCENARIOS = {
    "push": Scenario(_pushed(_FASTER)),
    "broken ctest": Scenario(_pushed(_BROKEN_CTEST)),
    "broken pytest": Scenario(_pushed({"settings.json": '{"tokens": 4}\n'})),
    "documentation": Scenario(_pushed({"docs/usage.md": "# Other\n"}), _WITH_CUDA, gpu=True),
    "fork": Scenario(_proposed(_FASTER, fork=True), _WITH_CUDA, gpu=True),
    "pull request": Scenario(_proposed(_FASTER, fork=False)),
    "no CUDA on the runner": Scenario(_pushed(_FASTER), _WITH_OLD_CUDA, gpu=True),
    "tag": Scenario(_tagged, _WITHOUT_PYTEST),
    "by hand": Scenario(events.manual, _WITHOUT_PYTEST),
}
Runs = Callable[[str, ModuleType], RunResult]


@pytest.fixture(scope="session")
def runs(
    tmp_path_factory: pytest.TempPathFactory,
    project: Repository,
    offline_packages: dict[str, str],
) -> Runs:
    """Run a scenario on a platform, once a session."""
    done: dict[tuple[str, str], RunResult] = {}

    def run(name: str, engine: ModuleType) -> RunResult:
        key = (name, engine.__name__)
        if key not in done:
            scenario, folder = SCENARIOS[name], tmp_path_factory.mktemp("scenario")
            repository = initialised(folder / "demo", project, OFFLINE, *scenario.settings)
            event = scenario.prepare(repository)
            runners = {"labels": (*act.HOSTED, "gpu")} if engine is act else {"absent_tags": ()}
            done[key] = engine.run(
                repository,
                event,
                project=project,
                folder=folder,
                env=offline_packages,
                **(runners if scenario.gpu else {}),
            )
        return done[key]

    return run


def test_a_push_is_green_all_the_way(runs: Runs, engine: ModuleType) -> None:
    result = runs("push", engine)
    assert result.ran() - {DRIFT} == ALL, result.explain()
    assert set(result.jobs.values()) == {SUCCESS}, result.explain()
    assert result.status == 0
    order = [job for job in result.order if job in (BUILD, INTEGRATION, "ci-ok")]
    assert order == [BUILD, INTEGRATION, "ci-ok"]


def test_what_jobs_make_is_kept_and_handed_on(runs: Runs, engine: ModuleType) -> None:
    result = runs("push", engine)
    (package,) = {path.name: path for path in result.files("*-cpu.tar.gz")}.values()
    with tarfile.open(package) as archive:
        (program,) = [member for member in archive if member.name.endswith("/tiny-complete")]
    assert program.mode & 0o111, "the program can no longer be executed"
    reports = {path.name for path in result.files("*.xml")}
    assert {f"{BUILD}.xml", f"{INTEGRATION}.xml"} <= reports
    verdicts = {
        path.stem: json.loads(path.read_text("utf-8"))["verdict"]
        for path in result.files("*.json")
        if path.parent.name == "evidence" or path.parent.name.startswith("evidence-")
    }
    assert verdicts == dict.fromkeys(ALL, "PASS"), result.explain()


def test_a_failing_ctest_fails_the_build_and_the_gate(runs: Runs, engine: ModuleType) -> None:
    result = runs("broken ctest", engine)
    assert result.jobs[BUILD] == FAILURE, result.explain()
    assert result.jobs[INTEGRATION] == SKIPPED
    assert result.jobs["ci-ok"] == FAILURE
    assert result.status != 0
    assert result.files(f"{BUILD}.xml"), "the report of the failed tests is lost"


def test_a_failing_pytest_fails_the_gate(runs: Runs, engine: ModuleType) -> None:
    result = runs("broken pytest", engine)
    assert result.jobs[BUILD] == SUCCESS, result.explain()
    assert result.jobs[INTEGRATION] == FAILURE
    assert result.jobs["ci-ok"] == FAILURE
    assert "test_cuts_at_the_deployed_limit" in result.logs[INTEGRATION]


def test_documentation_builds_nothing_and_starts_no_gpu(runs: Runs, engine: ModuleType) -> None:
    result = runs("documentation", engine)
    idle = SELF_SKIPPED if engine is gitlab_local else SKIPPED
    assert {result.jobs[job] for job in (BUILD, UNIT, CUDA, INTEGRATION)} == {idle}, (
        result.explain()
    )
    assert result.jobs["ci-ok"] == SUCCESS, result.explain()


def test_a_fork_reaches_no_gpu(runs: Runs, engine: ModuleType) -> None:
    result = runs("fork", engine)
    assert CUDA not in result.ran(), result.explain()
    assert result.ran() - {DRIFT} == ALL
    assert result.jobs["ci-ok"] == SUCCESS


def test_a_gpu_runner_without_cuda_is_not_green(runs: Runs, engine: ModuleType) -> None:
    result = runs("no CUDA on the runner", engine)
    assert result.jobs[CUDA] == FAILURE, result.explain()
    assert result.jobs["ci-ok"] == FAILURE


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_platforms_run_the_same_jobs(name: str, runs: Runs) -> None:
    act.find(), gitlab_local.find()
    on_github, on_gitlab = runs(name, act), runs(name, gitlab_local)
    assert on_github.ran() == on_gitlab.ran() - {DRIFT}, on_gitlab.explain()
    both = {job: on_github.jobs[job] for job in on_github.ran()}
    assert both == {job: on_gitlab.jobs[job] for job in both}


def test_the_drift_check_of_github_passes_and_sees_an_edit(
    project: Repository, offline_packages: dict[str, str], tmp_path: Path
) -> None:
    """On GitLab it is a job of the same pipeline, which the tests above run."""
    act.find()
    repository = initialised(tmp_path / "demo", project)
    for edit, state in (({}, SUCCESS), ({".github/workflows/ci.yml": "name: mine\n"}, FAILURE)):
        repository.commit(edit)
        result = act.run(
            repository,
            events.push(repository),
            project=project,
            folder=tmp_path / state,
            workflow=".github/workflows/ci-gen.yml",
            env=offline_packages,
        )
        assert result.jobs[DRIFT] == state, result.explain()
