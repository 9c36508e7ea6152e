from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.actions import (
    ROOT,
    bare_environment,
    github_environment,
    read_evidence,
    run_action,
    run_composite,
)
from tests.support.readme_examples import examples
from tests.support.repositories import make_repository

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.core.gitlab import GitLab
from ci_gen_actions.core.result import Result, Verdict
from ci_gen_actions.gate.options import Options, Outputs
from ci_gen_actions.gate.run import results, run

COMMIT = "c" * 40


def write_evidence(folder: Path, stage: str, **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stage}.json"
    facts = {"stage": stage, "job": stage, "commit": COMMIT, "verdict": "PASS", **more}
    path.write_text(json.dumps(facts))
    return path


def on_gitlab(workspace: Path, **options: Any) -> tuple[Result, str]:
    environ = {"CI_PROJECT_DIR": str(workspace), "CI_COMMIT_SHA": COMMIT}
    log = io.BytesIO()
    return run(Options(**options), GitLab(environ, log=log)), log.getvalue().decode()


def test_evidence_decides_on_gitlab(tmp_path: Path) -> None:
    path = write_evidence(tmp_path / "evidence", "a")
    write_evidence(tmp_path / "evidence" / "deep" / "er", "b")
    result, _ = on_gitlab(tmp_path, expected=("a", "b"))
    assert result.outputs == Outputs(verdict="PASS", failed="")
    assert set(result.evidence["inputs"]) == {"evidence/a.json", "evidence/deep/er/b.json"}
    assert len(result.evidence["inputs"][path.relative_to(tmp_path).as_posix()]) == 7 + 64


def test_what_is_not_green_is_said(tmp_path: Path) -> None:
    write_evidence(tmp_path / "evidence", "a", verdict="FAIL")
    result, log = on_gitlab(tmp_path, expected=("a", "b"))
    assert result.outputs == Outputs(verdict="FAIL", failed="a b")
    assert "a: FAIL, evidence: a FAIL" in log
    assert "b: NO_DATA, is not among the evidence" in log
    first, second = result.summary.splitlines()[4:6]
    assert first.startswith("| `a` | ❌ FAIL |")
    assert second.startswith("| `b` | ❔ NO_DATA |")


@pytest.mark.parametrize(("iid", "verdict"), [("7", "PASS"), ("", "NO_DATA")])
def test_a_job_may_wait_for_the_merge(tmp_path: Path, iid: str, verdict: str) -> None:
    write_evidence(tmp_path / "evidence", "a")
    environ = {
        "CI_PROJECT_DIR": str(tmp_path),
        "CI_COMMIT_SHA": COMMIT,
        "CI_MERGE_REQUEST_IID": iid,
    }
    options = Options(expected=("a", "release"), skip_unmerged=("release",))
    result = run(options, GitLab(environ, log=io.BytesIO()))
    assert result.outputs == Outputs(verdict=verdict, failed="" if iid else "release")


def test_a_skip_is_shown_as_one(tmp_path: Path) -> None:
    write_evidence(tmp_path / "evidence", "a")
    result, _ = on_gitlab(tmp_path, expected=("a", "b"), skip_unaffected=("b",), code="false")
    assert result.verdict is Verdict.PASS
    assert "| `b` | ⏭️ skipped |" in result.summary
    assert result.evidence["findings"]["jobs"][1]["skipped"] is True


def test_no_job_and_no_evidence_is_no_data(tmp_path: Path) -> None:
    result, log = on_gitlab(tmp_path)
    assert result.verdict is Verdict.NO_DATA
    assert "nothing to judge" in log
    assert "Nothing was measured" in result.summary


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"stage": "a"}',
        json.dumps({"stage": "a", "commit": COMMIT, "verdict": "GREEN"}),
        json.dumps({"stage": "a", "commit": "d" * 40, "verdict": "PASS"}),
        json.dumps({"stage": "a", "commit": "", "verdict": "PASS"}),
    ],
)
def test_evidence_that_cannot_be_trusted_is_not_green(tmp_path: Path, text: str) -> None:
    write_evidence(tmp_path / "evidence", "a").write_text(text)
    result, log = on_gitlab(tmp_path, expected=("a",))
    assert result.verdict is Verdict.NO_DATA
    assert "evidence/a.json: is" in log


def test_the_gates_own_evidence_is_not_asked(tmp_path: Path) -> None:
    write_evidence(tmp_path / "evidence", "ci-ok", verdict="FAIL")
    write_evidence(tmp_path / "evidence", "a")
    assert on_gitlab(tmp_path)[0].verdict is Verdict.PASS


def test_evidence_outside_of_the_checkout(tmp_path: Path) -> None:
    write_evidence(tmp_path / "elsewhere", "a")
    (tmp_path / "checkout").mkdir()
    folder = str(tmp_path / "elsewhere")
    assert on_gitlab(tmp_path / "checkout", evidence_folder=folder)[0].verdict is Verdict.PASS


def test_needs_is_githubs_context() -> None:
    assert results("") == results(" \n") == {}
    context = {"a": {"result": "success", "outputs": {"x": "\n::error::"}}}
    assert results(json.dumps(context)) == {"a": "success"}


@pytest.mark.parametrize("text", ["{", "[]", "1", '{"a": 1}', '{"a": {}}', '"a"', '{"a": []}'])
def test_needs_that_are_something_else_are_a_mistake(text: str) -> None:
    with pytest.raises(UsageError, match="not GitHub's context needs"):
        results(text)


# The whole action -------------------------------------------------------------------------------


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.json": "{}"})
    (example,) = examples(ROOT / "actions" / "gate" / "README.md")
    (checks, inputs), (gate, gate_inputs) = example.own_steps()

    def environ(name: str) -> dict[str, str]:
        step = tmp_path / name
        return github_environment(step, repository.path, GITHUB_SHA=COMMIT, GITHUB_JOB=name)

    assert run_composite(checks, inputs, repository.path, environ("quick-checks")).code == 0
    assert gate_inputs["needs"] == "${{ toJSON(needs) }}"
    needs = {"quick-checks": {"result": "success", "outputs": {}}}
    good = {**gate_inputs, "needs": json.dumps(needs, indent=2)}
    ended = run_composite(gate, good, repository.path, environ("ci-ok"))
    assert (ended.code, ended.outputs) == (0, {"verdict": "PASS", "failed": ""})
    assert "quick-checks" in ended.summary
    assert read_evidence(repository.path, "ci-ok")["job"] == "ci-ok"
    needs["quick-checks"]["result"] = "failure"
    bad = {**gate_inputs, "needs": json.dumps(needs)}
    ended = run_composite(gate, bad, repository.path, environ("again"))
    assert (ended.code, ended.outputs["failed"]) == (1, "quick-checks")


def test_wrong_inputs_are_all_named_at_once(tmp_path: Path) -> None:
    environ = bare_environment(CI_GEN_GATE_CODE="maybe", CI_GEN_GATE_FORK="si")
    ended = run_action("gate", tmp_path, environ)
    assert ended.code == 2
    assert "2 inputs are wrong" in ended.stderr
    assert "code (CI_GEN_GATE_CODE) = 'maybe'" in ended.stderr
    assert "fork (CI_GEN_GATE_FORK) = 'si'" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
