from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from tests.support.actions import LAUNCHER, ROOT, bare_environment, finished, run_action
from tests.support.repositories import make_repository


@pytest.fixture(scope="module")
def launch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("launch", LAUNCHER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_old_pythons_can_parse_it() -> None:
    ast.parse(LAUNCHER.read_text("utf-8"), feature_version=(3, 6))


def test_what_is_refused(launch: ModuleType) -> None:
    assert launch.refusal((3, 10), "linux", "x86_64") == ""
    assert launch.refusal((3, 13), "linux", "aarch64") == ""
    assert "need Python 3.10 or newer" in launch.refusal((3, 9), "linux", "x86_64")
    assert "run on Linux, and this is darwin" in launch.refusal((3, 12), "darwin", "arm64")
    assert "run on Linux, and this is win32" in launch.refusal((3, 12), "win32", "AMD64")
    assert "and this is riscv64" in launch.refusal((3, 12), "linux", "riscv64")


def pythons(*names: str) -> list[str]:
    """The interpreters of those names on this machine, on PATH or among pyenv's."""
    pyenv = [str(each) for each in (Path.home() / ".pyenv" / "versions").glob("*/bin")]
    path = os.pathsep.join([*pyenv, os.environ["PATH"]])
    return [found for name in names if (found := shutil.which(name, path=path))]


@pytest.mark.parametrize("python", pythons("python3.6", "python3.7", "python3.8", "python3.9"))
def test_an_old_python_is_refused_in_words(python: str, tmp_path: Path) -> None:
    ended = run_action("changes", tmp_path, python=python)
    assert ended.code == 2
    assert "error: ci-gen's actions need Python 3.10 or newer" in ended.stderr
    assert "next: install a newer one" in ended.stderr
    assert "Traceback" not in ended.stderr
    on_github = run_action("changes", tmp_path, bare_environment(GITHUB_ACTIONS="true"), (), python)
    assert on_github.stderr.startswith("::error::ci-gen's actions need Python 3.10")
    assert on_github.stderr.count("\n") == 1


@pytest.mark.parametrize("python", pythons("python3.10", "python3.11", "python3.12", "python3.13"))
def test_a_bare_python_runs_the_actions_of_the_standard_library(
    python: str, tmp_path: Path
) -> None:
    repository = make_repository(tmp_path / "r", {"a.json": "{}"})
    ended = run_action("quick-checks", repository.path, python=python)
    assert (ended.code, json.loads(ended.stdout)["verdict"]) == (0, "PASS"), ended.stderr


def poisoned(tmp_path: Path) -> Path:
    """A folder of modules that shadow the standard library's and end whoever imports them."""
    folder = tmp_path / "poison"
    (folder / "ci_gen_actions").mkdir(parents=True)
    for name in ("json", "dataclasses", "subprocess", "sitecustomize", "ci_gen_actions/__init__"):
        (folder / f"{name}.py").write_text("raise SystemExit('poisoned')\n")
    return folder


@pytest.mark.parametrize("flags", [["-I"], []], ids=["isolated", "not isolated"])
def test_the_callers_python_settings_change_nothing(tmp_path: Path, flags: list[str]) -> None:
    repository = make_repository(tmp_path / "r", {"a.json": "{}"})
    poison = str(poisoned(tmp_path))
    environ = bare_environment(PYTHONPATH=poison, VIRTUAL_ENV=poison, UV_PYTHON="2.7")
    if flags:
        environ["PYTHONHOME"] = "/nowhere"
        environ["PYTHONSTARTUP"] = poison
    else:
        # Without -I the interpreter itself would end at this one, before any line of ours.
        (Path(poison) / "sitecustomize.py").unlink()
    argv = [sys.executable, *flags, str(LAUNCHER), "quick-checks"]
    ended = finished(argv, repository.path, environ)
    assert (ended.code, "poisoned" in ended.stderr) == (0, False), ended.stderr


def test_what_lies_in_the_present_folder_is_not_imported(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"json.py": "raise SystemExit('poisoned')\n"})
    assert run_action("quick-checks", repository.path).code == 0


def test_installed_packages_are_out_of_reach(launch: ModuleType) -> None:
    path = ["/usr/lib/python3.11", "/x/site-packages", "/usr/lib/python3/dist-packages"]
    assert launch.without_site(path) == ["/usr/lib/python3.11"]


def copied_actions(folder: Path) -> Path:
    """The actions alone, as they are vendored, without any compiled file; the launcher's path."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "actions", folder / "actions", ignore=ignored)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copytree(ROOT / "generator", folder / "generator", ignore=ignored)
    shutil.copytree(ROOT / "templates", folder / "templates", ignore=ignored)
    return folder / "actions" / "launch.py"


def test_nothing_is_written_beside_the_actions(tmp_path: Path) -> None:
    launcher = copied_actions(tmp_path / "copy")
    repository = make_repository(tmp_path / "r", {"a.json": "{}"})
    before = sorted((tmp_path / "copy").rglob("*"))
    assert run_action("quick-checks", repository.path, launcher=launcher).code == 0
    assert sorted((tmp_path / "copy").rglob("*")) == before


def read_only(folder: Path) -> list[str]:
    """A prefix that runs a command with `folder` mounted read-only; skips where none can be."""
    inner = f'mount --bind "{folder}" "{folder}" && mount -o remount,ro,bind "{folder}" && '
    probe = ["unshare", "--mount", "sh", "-c", f'{inner} ! touch "{folder}/x" 2>/dev/null']
    if not shutil.which("unshare") or subprocess.run(probe, check=False).returncode:
        pytest.skip("no read-only mount can be made here")
    return ["unshare", "--mount", "sh", "-c", f'{inner} exec "$@"', "sh"]


def test_a_read_only_action_folder(tmp_path: Path) -> None:
    launcher = copied_actions(tmp_path / "copy")
    repository = make_repository(tmp_path / "r", {"a.json": "{}"})
    prefix = read_only(tmp_path / "copy")
    argv = [*prefix, sys.executable, "-I", str(launcher), "quick-checks"]
    ended = finished(argv, repository.path, bare_environment())
    assert ended.code == 0, ended.stderr


def test_an_action_may_be_missing(tmp_path: Path) -> None:
    ended = run_action("chnges", tmp_path)
    assert ended.code == 2
    assert "did you mean changes?" in ended.stderr
    nothing = finished([sys.executable, "-I", str(LAUNCHER)], tmp_path, bare_environment())
    assert (nothing.code, "usage:" in nothing.stderr) == (2, True)


def test_every_action_with_requirements_names_a_file_locked_by_hash(launch: ModuleType) -> None:
    for relative in launch.REQUIREMENTS.values():
        text = (LAUNCHER.parent / relative).read_text("utf-8")
        pinned = [line for line in text.splitlines() if "==" in line]
        assert pinned
        assert all(line.endswith("\\") for line in pinned)
        assert "://" not in text


def test_a_signal_reaches_an_action(tmp_path: Path) -> None:
    """SIGTERM while `changes` waits for a remote that never answers."""
    hanging = tmp_path / "hanging"
    hanging.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 60\n")
    hanging.chmod(0o755)
    remotes = {"origin": f"ext::{hanging}"}
    repository = make_repository(tmp_path / "r", {"a": "1"}, remotes=remotes)
    repository.git("config", "protocol.ext.allow", "always")
    argv = [sys.executable, "-I", str(LAUNCHER), "changes", "--base", "f" * 40]
    with subprocess.Popen(
        argv, cwd=repository.path, env=bare_environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        while not (tmp_path / "started").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "changes was stopped by SIGTERM" in said
    assert not (repository.path / "evidence").exists() or not list(
        (repository.path / "evidence").iterdir()
    )
