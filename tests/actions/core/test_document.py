from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ci_gen_actions.core import document
from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.core.options import option, output

HOSTILE = "a: \"b\" # c\n- 'd' ${{ x }} \\ | é"


@dataclass(frozen=True, kw_only=True)
class Options:
    args: tuple[str, ...] = option(doc="Arguments: one | two", default=("-DA=1", HOSTILE))
    service: str = option(doc="Service")
    jobs: int = option(doc="How many.", default=1, minimum=1)


@dataclass(frozen=True, kw_only=True)
class Outputs:
    package_size: int = output(doc="Bytes", default=0)


def test_the_inputs_are_yaml_with_the_very_defaults() -> None:
    inputs = YAML(typ="safe").load(document.inputs_block(Options))["inputs"]
    assert inputs["args"]["default"] == f"-DA=1\n{HOSTILE}"
    assert inputs["args"]["description"] == "Arguments: one | two. One a line."
    assert inputs["service"] == {"description": "Service.", "required": True}
    described = "How many. Allowed: a whole number, at least 1."
    assert inputs["jobs"] == {"description": described, "required": False, "default": "1"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_default_survives_yaml(text: str) -> None:
    @dataclass(frozen=True, kw_only=True)
    class One:
        text: str = option(doc="d", default="")

    object.__setattr__(One.__dataclass_fields__["text"], "default", text)
    found = YAML(typ="safe", pure=True).load(document.inputs_block(One))
    assert found["inputs"]["text"]["default"] == text


def test_outputs_and_env_point_at_the_step() -> None:
    outputs = YAML(typ="safe").load(document.outputs_block(Outputs))["outputs"]
    assert outputs["package-size"]["value"] == "${{ steps.run.outputs.package-size }}"
    env = YAML(typ="safe").load(document.env_block(Options, "build-python"))["env"]
    assert env["CI_GEN_BUILD_PYTHON_JOBS"] == "${{ inputs.jobs }}"


def test_tables_keep_their_columns() -> None:
    lines = document.inputs_table(Options, "build").splitlines()
    assert [line.replace("\\|", "").count("|") for line in lines] == [5] * 5
    assert "| `service` | `CI_GEN_BUILD_SERVICE` | _required_ | Service. |" in lines
    assert "`BUILD_PACKAGE_SIZE`" in document.outputs_table(Outputs, "build")


def test_help_tells_every_input() -> None:
    shown = document.command_help(Options, "build")
    assert "--service  (required)" in shown
    assert "environment: CI_GEN_BUILD_SERVICE" in shown


def test_only_what_lies_between_the_marks_is_replaced() -> None:
    text = "a\n# >>> inputs (why)\nold\n# <<< inputs\nb\n# >>> inputs2\nkept\n# <<< inputs2\n"
    assert document.updated(text, {"inputs": "new\\1\n"}) == text.replace("old", "new\\1")
    assert document.updated("no marks\n", {"inputs": "x"}) == "no marks\n"


def test_a_new_action_begins_with_files_that_are_current(tmp_path: Path) -> None:
    files = document.files_of(tmp_path, "gate")
    assert sorted(path.name for path in files) == ["README.md", "action.yml"]
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert document.files_of(tmp_path, "gate") == files
    action = YAML(typ="safe").load((tmp_path / "actions" / "gate" / "action.yml").read_text())
    assert action["runs"]["steps"][0]["run"].endswith('"$GITHUB_ACTION_PATH/../launch.py" gate')
    root = document.files_of(tmp_path, "ci-gen")[tmp_path / "action.yml"]
    assert '"$GITHUB_ACTION_PATH/actions/launch.py" ci-gen' in root


def test_the_command_rewrites_what_is_stale_and_only_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "actions" / "gate" / "action.yml"
    monkeypatch.setattr(document, "stale", lambda _root: {stale: "new\n"})
    monkeypatch.setattr(document, "__file__", str(tmp_path / "actions/lib/x/core/document.py"))
    assert document.main(["--check"]) == 1
    assert not stale.exists()
    assert document.main([]) == 0
    assert stale.read_text() == "new\n"
    assert capsys.readouterr().err == "actions/gate/action.yml\n" * 2
    with pytest.raises(UsageError):
        document.main(["--chek"])
