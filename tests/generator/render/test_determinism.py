"""The same inputs give the same bytes, whoever renders them, where and when."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.repositories import PROJECT, make_repository

SCRIPT = """
import json, hashlib
from tests.generator.render.cases import CONFIGS, FACTS, everything
digests = {}
for config in CONFIGS:
    for seen in FACTS:
        texts = everything(config, seen)
        assert list(texts) == sorted(texts)
        whole = json.dumps(list(texts.items()))
        digests[config + " / " + seen] = hashlib.sha256(whole.encode()).hexdigest()
print(json.dumps(digests))
"""
SURROUNDINGS = [
    {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"},
    {"LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
    {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/St_Johns", "PYTHONHASHSEED": "4294967295",
     "PYTHONUTF8": "0", "COLUMNS": "40"},
]  # fmt: skip


def run(arguments: list[str], folder: Path, surroundings: dict[str, str]) -> str:
    rooms = [PROJECT, PROJECT / "generator", PROJECT / "actions/lib"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(room) for room in rooms),
        "PYTHONDONTWRITEBYTECODE": "1",
        **surroundings,
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, check=False, text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done
    return done.stdout


def test_rendering_in_other_surroundings(tmp_path: Path) -> None:
    digests = []
    for number, surroundings in enumerate(SURROUNDINGS):
        folder = tmp_path / f"folder {number}"
        folder.mkdir()
        digests.append(json.loads(run(["-c", SCRIPT], folder, surroundings)))
    assert digests[0] == digests[1] == digests[2]
    assert len(digests[0]) > 20


def test_rendering_twice_in_one_process() -> None:
    from tests.generator.render.cases import everything

    for case in (("plain", "both"), ("cuda", "cmake")):
        assert everything(*case) == everything.__wrapped__(*case)


FILES = {
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.14)\nproject(a C)\nenable_testing()\n",
    "pyproject.toml": '[project]\nname = "b"\nversion = "1"\n',
    "tests/unit/test_a.py": "def test_a() -> None: ...\n",
    "Dockerfile": "FROM scratch\n",
    ".github/workflows/ci.yml": "mine\n",
    "Ärger/ı.md": "ünïcode\n",
}
PIN = ["--set", "actions.repository=acme/actions", "--set", f"actions.commit={'a' * 40}"]


def tree(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


@pytest.fixture(scope="module")
def remotes() -> dict[str, str]:
    return {"origin": "https://github.com/acme/service.git"}


@pytest.mark.e2e
def test_init_and_generate_in_other_surroundings(memory: Path, remotes: dict[str, str]) -> None:
    trees = []
    for number, surroundings in enumerate(SURROUNDINGS):
        root = make_repository(memory / str(number) / "service", FILES, remotes).path
        place = [str(root)] if number else []
        folder = memory if number else root
        init = ["-m", "ci_gen", "init", *place, "--yes", "--platform", "both", *PIN]
        run(init, folder, surroundings)
        first = tree(root)
        run(["-m", "ci_gen", "check", *place], folder, surroundings)
        again = ["-m", "ci_gen", "generate", *place] if number else init
        run(again, folder, SURROUNDINGS[number - 1])
        assert tree(root) == first
        trees.append(first)
    assert trees[0] == trees[1] == trees[2]


@pytest.mark.e2e
def test_one_file_alone_comes_out_as_all_together(memory: Path, remotes: dict[str, str]) -> None:
    root = make_repository(memory / "service", FILES, remotes).path
    run(["-m", "ci_gen", "init", "--yes", *PIN], root, SURROUNDINGS[0])
    whole = tree(root)
    for path in (".github/workflows/ci-gen-ci.yml", "docs/pipeline.md"):
        (root / path).unlink()
        run(["-m", "ci_gen", "generate", "--force", path], root, SURROUNDINGS[1])
        assert tree(root) == whole
