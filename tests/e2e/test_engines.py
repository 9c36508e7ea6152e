"""The two engines, on a pipeline written by hand: what the other tests rely on."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from tests.support import act, events, gitlab_local
from tests.support.engines import FAILURE, SELF_SKIPPED, SKIPPED, SUCCESS
from tests.support.repositories import PROJECT, Repository, make_repository, read_tree

pytestmark = pytest.mark.e2e

PLAIN = PROJECT / "tests/fixtures/e2e/plain"
REMOTES = {"origin": f"https://github.com/{events.SLUG}.git"}


@pytest.fixture
def repository(tmp_path: Path, project: Repository) -> Repository:
    files = {name: text.replace("COMMIT", project.head) for name, text in read_tree(PLAIN).items()}
    return make_repository(tmp_path / "demo", files, REMOTES)


def runners(engine: ModuleType, *, gpu: bool) -> dict[str, tuple[str, ...]]:
    """The keyword that gives an engine a GPU runner, or takes it away."""
    if engine is act:
        return {"labels": (*act.HOSTED, *(("gpu",) if gpu else ()))}
    return {"absent_tags": () if gpu else ("gpu",)}


def test_a_push_runs_everything_and_passes_outputs_artifacts_and_caches(
    repository: Repository, engine: ModuleType, project: Repository, folder: Path
) -> None:
    base = repository.head
    repository.commit({"words": "hello again\n"})
    result = engine.run(
        repository,
        events.push(repository, base),
        project=project,
        folder=folder,
        **runners(engine, gpu=True),
    )
    assert result.jobs == dict.fromkeys(result.jobs, SUCCESS), result.explain()
    assert set(result.jobs) == {"changes", "build", "gpu", "test", "ci-ok"}
    assert result.order[0] == "changes" and result.order[-1] == "ci-ok"
    assert "true" in result.outputs["changes"].values()
    assert [path.read_text() for path in result.files("greeting")] == ["hello again\n"]
    assert [path.name for path in result.files("changes.json")] == ["changes.json"]
    assert result.status == 0


@pytest.mark.parametrize("fault", ["build", "test"])
def test_a_failing_job_stops_what_needs_it_but_not_the_gate(
    fault: str, repository: Repository, engine: ModuleType, project: Repository, folder: Path
) -> None:
    repository.commit({"broken": "x\n"} if fault == "build" else {"words": "goodbye\n"})
    result = engine.run(
        repository,
        events.push(repository),
        project=project,
        folder=folder,
        **runners(engine, gpu=True),
    )
    assert result.jobs[fault] == FAILURE, result.explain()
    assert result.jobs["test"] == (SKIPPED if fault == "build" else FAILURE)
    assert result.jobs["ci-ok"] == FAILURE
    assert "ci-ok" in result.ran() and result.status != 0


def test_a_failing_leg_fails_the_matrix_job(
    repository: Repository, engine: ModuleType, project: Repository, folder: Path
) -> None:
    result = engine.run(
        repository,
        events.push(repository),
        project=project,
        folder=folder,
        variables={"BROKEN": "cuda-13"},
        **runners(engine, gpu=True),
    )
    assert result.jobs["gpu"] == FAILURE, result.explain()


def test_a_job_without_a_runner_never_starts(
    repository: Repository, engine: ModuleType, project: Repository, folder: Path
) -> None:
    result = engine.run(repository, events.push(repository), project=project, folder=folder)
    assert "gpu" not in result.ran(), result.explain()
    assert result.jobs["test"] == SUCCESS


def test_a_fork_reaches_no_gpu_even_where_there_is_one(
    repository: Repository, engine: ModuleType, project: Repository, folder: Path
) -> None:
    base = repository.head
    repository.branch("feature")
    head = repository.commit({"words": "hello fork\n"})
    result = engine.run(
        repository,
        events.pull_request(base, head, fork=True),
        project=project,
        folder=folder,
        **runners(engine, gpu=True),
    )
    assert result.ran() == {"changes", "build", "test", "ci-ok"}, result.explain()
    assert result.status == 0


def test_a_change_of_documentation_starts_no_work(
    repository: Repository, engine: ModuleType, project: Repository, folder: Path
) -> None:
    base = repository.head
    repository.commit({"README.md": "# Other words\n"})
    result = engine.run(
        repository,
        events.push(repository, base),
        project=project,
        folder=folder,
        **runners(engine, gpu=True),
    )
    idle = SELF_SKIPPED if engine is gitlab_local else SKIPPED
    assert {result.jobs[job] for job in ("build", "gpu", "test")} == {idle}, result.explain()
    assert result.jobs["ci-ok"] == SUCCESS


def test_a_cache_outlives_the_run_that_made_it(
    repository: Repository, project: Repository, folder: Path
) -> None:
    """Only of the stand-ins: gitlab-ci-local keeps its caches by itself."""
    first = act.run(repository, events.push(repository), project=project, folder=folder)
    assert "from the cache: \n" in first.logs["build"], first.explain()
    assert (folder / "act-store/caches").is_dir()


def test_an_action_that_cannot_be_had_is_named(
    repository: Repository, project: Repository, folder: Path
) -> None:
    repository.commit({".github/workflows/other.yml": "x: {uses: stranger/thing@v1}\n"})
    with pytest.raises(AssertionError, match=r"stranger/thing@v1"):
        act.run(repository, events.push(repository), project=project, folder=folder)
