"""What the config names and the repository lacks is told before CI finds out."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.cli.repository import CONFIG, prepare

from ci_gen.checks import named_paths
from ci_gen.errors import Problem
from ci_gen.project import Project, load

SERVICES = """\
services:
  - name: chat
    path: %s
    kind: %s
    pytest:
      manager: pip
      unit: [tests/unit]
      integration: [tests/integration/test_a.py]
      requirements: [requirements.txt]
"""
FILES = ("tests/unit/test_u.py", "tests/integration/test_a.py", "requirements.txt")


def project(root: Path, services: str = "") -> Project:
    prepare(root)
    (root / "ci-gen.yaml").write_text(CONFIG + services)
    return load(root)


def put(root: Path, *files: str) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_what_was_detected_is_there(tmp_path: Path) -> None:
    assert list(named_paths.check(project(tmp_path))) == []


def test_all_that_is_named_is_there(tmp_path: Path) -> None:
    put(tmp_path, *FILES)
    assert list(named_paths.check(project(tmp_path, SERVICES % (".", "cmake")))) == []


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (FILES[0], "a unit test path of service \"chat\" is not there: tests/unit"),
        (FILES[1], "an integration test path of service \"chat\" is not there: "
                   "tests/integration/test_a.py"),
        (FILES[2], "a requirements file of service \"chat\" is not there: requirements.txt"),
    ],
)  # fmt: skip
def test_one_is_missing(tmp_path: Path, missing: str, said: str) -> None:
    put(tmp_path, *(name for name in FILES if name != missing))
    (problem,) = named_paths.check(project(tmp_path, SERVICES % (".", "cmake")))
    assert problem.message == said
    assert problem.file == "ci-gen.yaml"
    assert "ci-gen detect --update" in problem.hint


def test_everything_is_missing(tmp_path: Path) -> None:
    found = list(named_paths.check(project(tmp_path, SERVICES % ("gone", "cmake"))))
    assert [problem.message.split(" of ")[0] for problem in found] == [
        "the folder", "a unit test path", "an integration test path", "a requirements file",
    ]  # fmt: skip
    assert all(isinstance(problem, Problem) for problem in found)


def test_a_link_to_nothing_is_not_there(tmp_path: Path) -> None:
    put(tmp_path, *FILES[:2])
    (tmp_path / "requirements.txt").symlink_to("nowhere.txt")
    (problem,) = named_paths.check(project(tmp_path, SERVICES % (".", "cmake")))
    assert "requirements.txt" in problem.message
