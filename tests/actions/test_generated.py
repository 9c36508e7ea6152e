"""Every generated part of the actions' files is current, and the files are what platforms take."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.support.actions import ROOT
from tests.support.lint_tools import tool
from tests.support.readme_examples import Example, all_examples

from ci_gen_actions.core import document
from ci_gen_actions.core.options import declarations, variable
from ci_gen_actions.core.runner import load, names

MANIFESTS = sorted([ROOT / "action.yml", *(ROOT / "actions").glob("*/action.yml")])


def test_no_block_is_stale() -> None:
    stale = [str(path.relative_to(ROOT)) for path in document.stale(ROOT)]
    assert stale == [], "run python -m ci_gen_actions.core.document"


@pytest.mark.parametrize("name", names())
def test_an_action_has_its_files_and_its_marks(name: str) -> None:
    for path in document.files_of(ROOT, name):
        text = path.read_text("utf-8")
        blocks = ("inputs", "outputs", "env") if path.suffix == ".yml" else ("inputs", "outputs")
        assert [block for block in blocks if f">>> {block} " not in text] == [], path


@pytest.mark.parametrize("name", names())
def test_every_input_reaches_the_step_and_every_output_leaves_it(name: str) -> None:
    action = load(name)
    manifest = ROOT / "action.yml" if name == "ci-gen" else ROOT / "actions" / name / "action.yml"
    data = YAML(typ="safe").load(manifest.read_text("utf-8"))
    (step,) = data["runs"]["steps"]
    declared = declarations(action.options)
    assert list(data["inputs"]) == [each.name for each in declared]
    assert step["env"] == {
        variable(name, each.name): f"${{{{ inputs.{each.name} }}}}" for each in declared
    }
    assert list(data["outputs"]) == [each.name for each in declarations(action.outputs)]
    assert step["id"] == "run"
    assert "${{" not in step["run"]
    assert step["run"].startswith("exec python3 -I ")
    assert step["run"].endswith(f" {name}")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.name)
def test_platform_and_security_linters_find_nothing(manifest: Path) -> None:
    for command in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions"],
        ["zizmor", "--quiet", "--persona=pedantic", "--offline"],
    ):
        done = subprocess.run(
            [tool(command[0]), *command[1:], str(manifest)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_has_an_example() -> None:
    used = {
        manifest.relative_to(ROOT).parent.name or "ci-gen"
        for example in all_examples()
        for manifest, _inputs in example.own_steps()
    }
    assert used >= set(names())


@pytest.mark.parametrize(
    "example", all_examples(), ids=lambda each: f"{each.readme.parent.name}-{each.line}"
)
def test_an_example_is_a_workflow_without_findings(example: Example, tmp_path: Path) -> None:
    for manifest, inputs in example.own_steps():
        known = YAML(typ="safe").load(manifest.read_text("utf-8"))["inputs"]
        assert set(inputs) <= set(known)
    workflow = tmp_path / "example.yml"
    workflow.write_text(example.workflow())
    done = subprocess.run(
        [tool("actionlint"), str(workflow)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
