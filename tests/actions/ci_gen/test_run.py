"""The root action against real repositories and the generator of this very checkout."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.actions import ROOT, finished, github_environment, run_composite
from tests.support.readme_examples import examples
from tests.support.repositories import Repository, make_repository

from ci_gen_actions.ci_gen import run as module
from ci_gen_actions.ci_gen.options import Options, Outputs
from ci_gen_actions.ci_gen.run import run
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.result import Result, Verdict

CMAKE = {"CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(parrot C)\n"}


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository after `ci-gen init`."""
    repository = make_repository(tmp_path_factory.mktemp("ci_gen") / "r", CMAKE)
    argv = [sys.executable, "-I", "-B", "-c", module._START, str(module.GENERATOR)]
    words = ["init", "--yes", "--platform", "both"]
    done = subprocess.run(
        [*argv, *words], cwd=repository.path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    repository.commit()
    return repository


@pytest.fixture
def repository(initialised: Repository, tmp_path: Path) -> Repository:
    return initialised.clone(tmp_path / "r")


def ran(repository: Repository, **options: Any) -> tuple[Result, Outputs, str]:
    log = io.BytesIO()
    ci = GitHub({"GITHUB_WORKSPACE": str(repository.path)}, log=log)
    result = run(Options(**options), ci)
    assert isinstance(result.outputs, Outputs)
    return result, result.outputs, log.getvalue().decode()


def test_clean(repository: Repository) -> None:
    result, outputs, _ = ran(repository)
    assert (result.verdict, result.status) == (Verdict.PASS, 0)
    assert outputs == Outputs(status="clean", files=0, verdict="PASS")
    assert "are as they should be" in result.summary


def test_drift_is_annotated_and_is_four(repository: Repository) -> None:
    workflow = repository.path / ".github" / "workflows" / "ci.yml"
    workflow.write_text(workflow.read_text() + "\n# by hand\n")
    result, outputs, log = ran(repository)
    assert (result.verdict, result.status) == (Verdict.FAIL, 4)
    assert (outputs.status, outputs.files) == ("drift", 1)
    assert "::error file=.github/workflows/ci.yml::edited: edited by hand" in log
    assert "# by hand" in result.summary


def test_generate_puts_right_what_it_can(repository: Repository) -> None:
    (repository.path / ".github" / "workflows" / "ci.yml").unlink()
    result, outputs, log = ran(repository, command="generate")
    assert (result.status, outputs.status, outputs.files) == (0, "changed", 1)
    assert "::notice file=.github/workflows/ci.yml::created" in log
    assert repository.git("status", "--porcelain") == ""


def test_a_folder_below(repository: Repository, tmp_path: Path) -> None:
    outer = make_repository(tmp_path / "outer", {"a": "1"})
    (repository.path / ".git").rename(tmp_path / "git")
    repository.path.rename(outer.path / "service")
    (outer.path / "service" / ".gitlab-ci.yml").unlink()
    for options in ({"working_directory": "service"}, {"path": "service"}):
        result, _, log = ran(outer, **options)
        assert result.status == 4
        assert "::error file=service/.gitlab-ci.yml::" in log


def test_a_wrong_config_is_annotated_at_its_line(repository: Repository) -> None:
    config = repository.path / "ci-gen.yaml"
    config.write_text(config.read_text() + "zzz: 1\n")
    line = len(config.read_text().splitlines())
    log = io.BytesIO()
    with pytest.raises(UsageError, match="the configuration is wrong") as caught:
        run(Options(), GitHub({"GITHUB_WORKSPACE": str(repository.path)}, log=log))
    assert f"::error file=ci-gen.yaml,line={line}::unknown key" in log.getvalue().decode()
    assert "zzz" in caught.value.why


def test_a_repository_without_a_config(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        ran(make_repository(tmp_path / "r", CMAKE))
    assert "ci-gen init" in caught.value.why


def test_a_path_that_looks_like_a_flag_is_a_path(repository: Repository) -> None:
    with pytest.raises(UsageError) as caught:
        ran(repository, path="--help")
    assert "--help" in caught.value.why


def test_a_folder_that_is_not_there(repository: Repository) -> None:
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        ran(repository, working_directory="nowhere")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(3)", "ended with exit status 3"),
        ("print('no json')", "answer cannot be read"),
        ("import time; time.sleep(60)", "its time limit"),
    ],
)
def test_a_generator_that_says_nothing_decides_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    monkeypatch.setattr(module, "_START", code)
    monkeypatch.setattr(module, "SECONDS", 5)
    with pytest.raises(CannotDecide) as caught:
        ran(repository)
    assert said in str(caught.value)


def test_an_installed_generator_is_found_on_the_path(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the actions were installed with pip there is no generator folder beside them."""
    monkeypatch.setattr(module, "GENERATOR", tmp_path / "none")
    head, _, _ = module._START.partition("from ci_gen")
    monkeypatch.setattr(
        module, "_START", f"{head}print(folder == '', file=sys.stderr)\nsys.exit(3)"
    )
    with pytest.raises(CannotDecide) as caught:
        ran(repository)
    assert caught.value.why == "True"


def test_the_readmes_example_runs(repository: Repository, tmp_path: Path) -> None:
    """With the environment made from the locked requirements: what a user's runner does."""
    (example,) = examples(ROOT / "actions" / "README.md")
    ((manifest, inputs),) = example.own_steps()
    cache = tmp_path / "cache"
    environ = github_environment(tmp_path / "step", repository.path, CI_GEN_CACHE=str(cache))
    ended = run_composite(manifest, inputs, repository.path, environ)
    if "environment could not be made" in ended.stderr:
        pytest.skip("no package index can be reached from here")
    assert (ended.code, ended.outputs["status"]) == (0, "clean"), ended.stderr
    assert not (repository.path / "evidence").exists()
    (repository.path / ".gitlab-ci.yml").unlink()
    offline = {**environ, "UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    ended = run_composite(manifest, inputs, repository.path, offline)
    assert (ended.code, ended.outputs["status"]) == (4, "drift"), ended.stderr
    assert "::error file=.gitlab-ci.yml::" in ended.stderr


def test_a_signal_while_the_environment_is_made(tmp_path: Path) -> None:
    """The launcher is stopped while it installs: 130, and no environment that is trusted."""
    hanging = tmp_path / "bin"
    hanging.mkdir()
    uv = hanging / "uv"
    uv.write_text("#!/bin/sh\nkill -TERM $PPID\nexec sleep 60\n")
    uv.chmod(0o755)
    environ = github_environment(tmp_path / "step", tmp_path, CI_GEN_CACHE=str(tmp_path / "cache"))
    environ["PATH"] = f"{hanging}:{environ['PATH']}"
    argv = [sys.executable, "-I", str(ROOT / "actions" / "launch.py"), "ci-gen"]
    ended = finished(argv, tmp_path, environ)
    assert ended.code == 130, ended.stderr
    assert "the next run makes it anew" in ended.stderr


def test_an_environment_that_cannot_be_had_is_three(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environ = github_environment(tmp_path / "step", tmp_path, CI_GEN_CACHE=str(tmp_path / "file"))
    argv = [sys.executable, "-I", str(ROOT / "actions" / "launch.py"), "ci-gen"]
    ended = finished(argv, tmp_path, environ)
    assert ended.code == 3
    assert "name a writable folder" in ended.stderr
    assert "Traceback" not in ended.stderr
