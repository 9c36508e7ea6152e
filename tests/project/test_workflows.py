"""This project's own workflows meet the linters that it holds generated ones to."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tests.support.lint_tools import tool
from tests.support.linters import allowances, lint, report, unexplained

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, FOLDER / "dependabot.yml"]


def load(name: str) -> dict[str, Any]:
    text = (FOLDER / "workflows" / name).read_text(encoding="utf-8")
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return document


def test_no_linter_has_a_finding() -> None:
    actions = [ROOT / "action.yml", *(ROOT / "actions").glob("*/action.yml")]
    tree = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in [*FILES, *actions]
    }
    found = unexplained(lint({"own": tree}), allowances())
    # Each workflow is looked at alone there; actionlint sees them together below.
    alone = [each for each in found if each.rule != "workflow-call"]
    assert not alone, report(alone)


def test_the_workflows_fit_together() -> None:
    done = subprocess.run(
        [tool("actionlint"), "-shellcheck=", "-pyflakes=", *map(str, WORKFLOWS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_actions_are_pinned_as_in_what_is_generated() -> None:
    text = (ROOT / "generator/ci_gen/pins.json").read_text(encoding="utf-8")
    pins = json.loads(text)["actions"]
    used = [
        found
        for path in WORKFLOWS
        for found in re.findall(
            r"uses: (?!\./)(\S+?)@([0-9a-f]{40}) # (v\S+)$", path.read_text("utf-8"), re.MULTILINE
        )
    ]
    third_party = sum(path.read_text("utf-8").count("uses: ") for path in WORKFLOWS) - sum(
        path.read_text("utf-8").count("uses: ./") for path in WORKFLOWS
    )
    assert len(used) == third_party
    for name, sha, version in used:
        if name in pins:
            assert (sha, version) == (pins[name]["sha"], pins[name]["version"]), name


def test_every_action_is_tried() -> None:
    steps = [step for job in load("actions.yml")["jobs"].values() for step in job["steps"]]
    tried = {step.get("uses", "") for step in steps}
    folders = {f"./actions/{path.parent.name}" for path in (ROOT / "actions").glob("*/action.yml")}
    assert folders | {"./"} <= tried


def test_the_gate_waits_for_every_job() -> None:
    jobs = load("tests.yml")["jobs"]
    assert set(jobs["ci-ok"]["needs"]) == jobs.keys() - {"ci-ok"}
    gate = load("actions.yml")["jobs"]["gate"]
    assert set(gate["needs"]) == load("actions.yml")["jobs"].keys() - {"gate"}
    assert gate["steps"][-1]["with"]["expected"].split() == gate["needs"]


def test_a_release_waits_for_the_tests() -> None:
    jobs = load("release.yml")["jobs"]
    assert set(jobs["publish"]["needs"]) == {"tests", "build"}
    assert jobs["tests"]["uses"] == "./.github/workflows/tests.yml"
