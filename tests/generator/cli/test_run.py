"""`ci-gen run`: the pipeline's jobs on this machine, on a copy of the working tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.generator.cli.repository import CONFIG, Shell, prepare
from tests.support.repositories import Repository

CUDA = "cuda: {enabled: true}\n"


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Commands in a repository with a commit; the workspace goes to a cache of its own."""
    root = tmp_path / "service"
    root.mkdir()
    prepare(root)
    (root / "ci-gen.yaml").write_text(CONFIG + CUDA)
    Repository(root).git("init", "--quiet")
    Repository(root).commit()
    monkeypatch.chdir(root)
    monkeypatch.setenv("CI_GEN_CACHE", str(tmp_path / "cache"))
    return Shell(root, capsys)


def workspace(shell: Shell) -> Path:
    (folder,) = (shell.root.parent / "cache/ci-gen/run").iterdir()
    return folder


def test_the_list_of_jobs(here: Shell) -> None:
    said = here("run", "--list")
    assert (said.status, said.err) == (0, "")
    names = [line.split()[0] for line in said.out.splitlines()]
    builds = ["build-cpu-service", "build-cuda-service"]
    assert names == ["changes", "quick-checks", *builds, "scan-source"]
    marked = [name for name, line in zip(names, said.out.splitlines(), strict=True) if "(" in line]
    assert marked == ["build-cuda-service"]
    assert not (here.root.parent / "cache").exists()


def test_named_jobs_run_on_what_is_not_committed(here: Shell) -> None:
    (here.root / "service.c").write_text("int main(void) { return 1; }\n")
    said = here("run", "quick-checks")
    assert said.status == 0, said
    rows = [line.split()[:2] for line in said.out.splitlines() if " s" in line]
    assert rows[-1] == ["quick-checks", "passed"]
    folder = workspace(here)
    assert said.out.splitlines()[-1] == f"packages, reports and evidence are in {folder}"
    assert (folder / "service.c").read_text() == "int main(void) { return 1; }\n"
    evidence = json.loads((folder / "evidence/quick-checks.json").read_text())
    assert evidence["verdict"] == "PASS"
    assert not (here.root / "evidence").exists()


def test_a_failing_job_is_the_status(here: Shell, tmp_path: Path) -> None:
    here.put("broken.json", "{")
    Repository(here.root).commit()
    folder = tmp_path / "chosen"
    said = here("run", "quick-checks", "--path", str(here.root), "--workspace", str(folder))
    assert said.status == 1
    assert "quick-checks  failed" in said.out
    assert "--- quick-checks: " in said.err
    assert (folder / "evidence/quick-checks.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["quick-check"], 'Did you mean "quick-checks"?'),
        (["changes", "--workspace", "."], "holds files, and was not made by `ci-gen run`"),
        (["--path", "nowhere"], "nowhere"),
    ],
)
def test_wrong_usage(here: Shell, arguments: list[str], said: str) -> None:
    done = here("run", *arguments)
    assert done.status == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert Repository(here.root).git("status", "--porcelain") == ""


def test_without_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = Shell(tmp_path, capsys)("run", "changes")
    assert done.status == 2
    assert "no git repository with a commit" in done.err
    assert "git commit" in done.err


def test_without_a_config(here: Shell) -> None:
    (here.root / "ci-gen.yaml").unlink()
    done = here("run")
    assert done.status == 2
    assert "ci-gen init" in done.err
