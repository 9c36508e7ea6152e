"""The action without a registry: records as files, outputs, summary, verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.actions import (
    ROOT,
    Ended,
    github_environment,
    read_evidence,
    run_action,
    run_composite,
)
from tests.support.readme_examples import examples
from tests.support.released import evidence, of_image, run_of, sha, write
from tests.support.repositories import make_repository

from ci_gen_actions.release import check


def released(tmp_path: Path, values: list[dict[str, Any]], *arguments: str) -> tuple[Path, Ended]:
    workspace = tmp_path / "workspace"
    write(workspace / "evidence", values)
    (workspace / "ci-gen.yaml").write_text("version: 1\n")
    environ = github_environment(tmp_path / "github", workspace, GITHUB_EVENT_NAME="pull_request")
    return workspace, run_action("release", workspace, environ, arguments)


def test_a_run_that_passed(tmp_path: Path) -> None:
    workspace, ended = released(tmp_path, run_of(of_image("cpu"), of_image("cuda")))
    assert ended.code == 0, ended.stderr
    assert ended.outputs["record"].split() == ["release/api-cpu.json", "release/api-cuda.json"]
    assert ended.outputs["verdict"] == "PASS"
    assert ended.outputs["reference"] == ended.outputs["tags"] == ""
    assert "the change is not merged" in ended.stderr
    record = check.parse((workspace / "release/api-cpu.json").read_bytes(), "r")
    assert record["verdict"] == "PASS"
    for text in (
        sha("image cpu-api"),
        "100.0 MiB",
        "1.2.3",
        "scan-image-cuda-api",
        "security passed",
    ):
        assert text in ended.summary
    told = read_evidence(workspace, "release")
    assert set(told["inputs"]) >= {"image-cpu-api", "scan-source"}
    assert [each["record"] for each in told["findings"]["releases"]] == [
        *("release/api-cpu.json", "release/api-cuda.json"),
    ]
    assert (workspace / "release/subjects.tsv").read_text() == ""


def test_the_same_evidence_makes_the_same_bytes(tmp_path: Path) -> None:
    one, _ = released(tmp_path / "one", run_of())
    other, _ = released(tmp_path / "other", list(reversed(run_of())))
    assert (one / "release/api-cpu.json").read_bytes() == (
        other / "release/api-cpu.json"
    ).read_bytes()


def test_digests_that_disagree_make_no_record(tmp_path: Path) -> None:
    values = run_of()
    values[1]["inputs"]["package"] = sha("another")
    workspace, ended = released(tmp_path, values)
    assert ended.code == 1
    assert ended.outputs["verdict"] == "FAIL"
    assert f"took the package {sha('another')}" in ended.stderr
    assert f"took the package {sha('another')}" in ended.summary
    assert not (workspace / "release/api-cpu.json").exists()
    assert read_evidence(workspace, "release")["verdict"] == "FAIL"


@pytest.mark.parametrize(("verdict", "status"), [("FAIL", 1), ("INCONCLUSIVE", 3), ("ERROR", 3)])
def test_the_worst_evidence_decides(tmp_path: Path, verdict: str, status: int) -> None:
    values = run_of()
    values[3]["verdict"] = verdict
    workspace, ended = released(tmp_path, values)
    assert ended.code == status
    assert ended.outputs["verdict"] == verdict
    assert f"scan-image-cpu-api is {verdict}" in ended.stderr
    assert json.loads((workspace / "release/api-cpu.json").read_text())["verdict"] == verdict


def test_required_evidence_that_is_missing(tmp_path: Path) -> None:
    _, ended = released(tmp_path, run_of(), "--require", "load-test")
    assert ended.code == 3
    assert ended.outputs["verdict"] == "NO_DATA"
    assert "the required evidence load-test is missing" in ended.stderr


def test_evidence_of_an_earlier_record(tmp_path: Path) -> None:
    tested = evidence("load-test", "pytest", inputs={"package": sha("package cpu-api")})
    earlier, _ = released(tmp_path / "earlier", [*run_of(), tested])
    record = earlier / "release/api-cpu.json"
    _, ended = released(
        tmp_path / "now", run_of(), "--require", "load-test", "--previous", str(record)
    )
    assert ended.code == 0, ended.stderr
    assert "load-test is reused from commit c0ffee" in ended.stderr


def test_nothing_was_built(tmp_path: Path) -> None:
    _, ended = released(tmp_path, [evidence("scan-source", "scan-source", service="")])
    assert ended.code == 3
    assert "there is nothing to release" in ended.stderr


def test_what_is_no_evidence(tmp_path: Path) -> None:
    folder = tmp_path / "workspace" / "evidence"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("[]")
    _, ended = released(tmp_path, run_of())
    assert ended.code == 1
    assert "report.json is no evidence" in ended.stderr


def test_a_name_from_evidence_leads_to_no_other_folder(tmp_path: Path) -> None:
    values = [{**each, "service": each["service"] and "../../../outside"} for each in run_of()]
    workspace, ended = released(tmp_path, values)
    assert ended.code == 0, ended.stderr
    assert [each.name for each in sorted((workspace / "release").glob("*.json"))] == [
        "-outside-cpu.json"
    ]


def test_what_an_earlier_run_listed_is_not_signed_again(tmp_path: Path) -> None:
    listed = tmp_path / "workspace" / "release" / "subjects.tsv"
    listed.parent.mkdir(parents=True)
    listed.write_text("an image that failed")
    values = run_of()
    values[1]["inputs"]["package"] = sha("another")
    released(tmp_path, values)
    assert not listed.exists()


def test_half_a_login(tmp_path: Path) -> None:
    _, ended = released(tmp_path, run_of(), "--publish", "always", "--username", "ci")
    assert ended.code == 2
    assert "the input password is empty" in ended.stderr


def test_the_readme(tmp_path: Path) -> None:
    (example,) = examples(ROOT / "actions" / "release" / "README.md")
    ((manifest, inputs),) = example.own_steps()
    repository = make_repository(tmp_path / "r", {"a.txt": "a"})
    write(repository.path / "evidence", run_of())
    environ = github_environment(
        tmp_path / "github", repository.path, GITHUB_EVENT_NAME="pull_request"
    )
    ended = run_composite(manifest, inputs, repository.path, environ)
    assert ended.code == 0, ended.stderr
    assert ended.outputs["verdict"] == "PASS"
