"""Rules across files warn wherever a project is read, and stop nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.cli.repository import CONFIG, Shell, prepare

import ci_gen.checks
from ci_gen.checks import RULES, check
from ci_gen.project import load

GONE = """\
services:
  - {name: chat, kind: cmake, path: gone}
  - {name: bot, kind: cmake, path: .}
"""


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


def test_every_problem_of_every_rule_in_their_order(shell: Shell) -> None:
    assert check(load(shell.root)) == []
    shell.put("ci-gen.yaml", CONFIG + GONE)
    project = load(shell.root)
    found = check(project)
    assert [problem.message for problem in found] == [
        'the folder of service "chat" is not there: gone'
    ]
    assert found == [problem for rule in RULES for problem in rule(project)]


def test_a_warning_stops_nothing(shell: Shell) -> None:
    shell.put("ci-gen.yaml", CONFIG + GONE)
    said = shell("generate")
    assert said.status == 0
    assert 'warning: ci-gen.yaml: the folder of service "chat" is not there: gone' in said.err


def test_every_module_of_the_room_is_a_rule() -> None:
    """One that is not named in RULES would never be asked."""
    folder = Path(ci_gen.checks.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {rule.__module__.rpartition(".")[2] for rule in RULES} == modules
