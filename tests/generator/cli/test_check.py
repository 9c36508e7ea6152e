from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.generator.cli.repository import CI, Shell

from ci_gen.write.guard import exclusive


def test_clean(shell: Shell) -> None:
    for arguments in (["check"], ["check", "."], ["check", str(shell.root)]):
        said = shell(*arguments)
        assert said.status == 0
        assert said.out.startswith("clean: ")


def test_clean_without_the_fast_path(shell: Shell) -> None:
    """A comment in the config changes its digest and nothing else."""
    fast = shell("check").out
    shell.put("ci-gen.yaml", shell.read("ci-gen.yaml") + "# remark\n")
    said = shell("check")
    assert said.status == 0
    assert said.out.startswith(fast)
    assert "ci-gen.yaml changed since the last generate: every file comes out the same" in said.out


def test_the_document_is_the_same_on_both_paths(shell: Shell) -> None:
    fast = json.loads(shell("check", "--json").out)
    shell.put("ci-gen.yaml", shell.read("ci-gen.yaml") + "# remark\n")
    full = json.loads(shell("check", "--json").out)
    assert fast["status"] == full["status"] == "clean"
    assert fast["files"] == full["files"]
    assert CI in [file["path"] for file in fast["files"]]


def test_drift(shell: Shell) -> None:
    shell.put(CI, shell.read(CI) + "# mine\n")
    said = shell("check")
    assert said.status == 4
    assert f"{CI}: edited: edited by hand" in said.out
    assert "+# mine" not in said.out
    assert "+# mine" in shell("check", "--diff").out
    document = json.loads(shell("check", "--json", "--diff").out)
    assert document["status"] == "drift"
    (drifted,) = [file for file in document["files"] if file["status"] != "clean"]
    assert drifted["path"] == CI
    assert drifted["causes"] == ["edited"]
    assert "+# mine" in drifted["diff"]


def test_a_changed_config(shell: Shell) -> None:
    shell.put("ci-gen.yaml", shell.read("ci-gen.yaml").replace("[github]", "[github, gitlab]"))
    said = shell("check")
    assert said.status == 4
    assert ".gitlab-ci.yml: missing: it was not generated yet" in said.out


def test_a_bad_config_names_the_place(shell: Shell) -> None:
    shell.put("ci-gen.yaml", "version: 1\nplatfroms: [github]\n")
    said = shell("check")
    assert said.status == 2
    assert "ci-gen.yaml:2:1" in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_a_newer_lock(shell: Shell) -> None:
    lock = shell.read(".ci-gen/lock.json")
    shell.put(".ci-gen/lock.json", lock.replace('"ci_gen": "', '"ci_gen": "9'))
    said = shell("check")
    assert said.status == 2
    assert "pip install 'ci-gen==9" in said.err


def test_no_config(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = shell.root / "sub"
    (empty / ".git").mkdir(parents=True)
    monkeypatch.chdir(empty)
    said = shell("check")
    assert said.status == 2
    assert "ci-gen init" in said.err


def test_from_a_folder_of_the_repository(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shell.root / ".github")
    assert shell("check").status == 0
    shell.put(CI, "mine\n")
    assert shell("check").status == 4


def test_while_generate_is_at_work(shell: Shell) -> None:
    shell.put(CI, "mine\n")
    with exclusive(str(shell.root), print):
        said = shell("check")
    assert said.status == 3
    assert "another ci-gen" in said.err


def test_the_process_itself(shell: Shell) -> None:
    """The statuses as a shell sees them, through `python -m ci_gen`."""
    command = [sys.executable, "-m", "ci_gen", "check"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for text, status in ((None, 0), ("mine\n", 4)):
        if text:
            shell.put(CI, text)
        done = subprocess.run(command, cwd=shell.root, env=environment, check=False, text=True,
                              capture_output=True)  # fmt: skip
        assert done.returncode == status, done
