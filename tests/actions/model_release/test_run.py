"""The action on a registry in a folder: what is published, promoted, refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support import engine
from tests.support.actions import (
    ROOT,
    Ended,
    github_environment,
    read_evidence,
    run_action,
    run_composite,
)
from tests.support.model_registries import digest, evidence, model
from tests.support.readme_examples import examples
from tests.support.released import write
from tests.support.repositories import make_repository

from ci_gen_actions.model_registry import open_registry


class Run:
    """The action in a workspace with a model and evidence about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.model = model(self.workspace)
        self.digest = digest(self.model)
        self.registry = open_registry(str(self.workspace / "models"))
        self.runs = 0

    def passed(self, **verdicts: str) -> list[dict[str, Any]]:
        """Evidence of the usual gates, all PASS but where `verdicts` says else."""
        values = [
            evidence("fetch", "fetch-model", self.digest, findings={"source": "hf://a/b/c"}),
            evidence(
                "measured",
                "model-quality",
                self.digest,
                findings={"performance": {"perplexity": 5.67}},
            ),
            evidence("scan", "scan-image"),
        ]
        for each in values:
            each["verdict"] = verdicts.get(each["stage"], "PASS")
        return values

    def __call__(
        self, values: list[dict[str, Any]], *arguments: str, environ: Mapping[str, str] = {}
    ) -> Ended:
        self.runs += 1
        for old in (self.workspace / "evidence").glob("*.json"):
            old.unlink()
        write(self.workspace / "evidence", values)
        told = github_environment(
            self.folder / f"github-{self.runs}",
            self.workspace,
            **{
                "GITHUB_EVENT_NAME": "push",
                "GITHUB_ACTOR": "octocat",
                "GITHUB_SHA": "c0ffee" + "0" * 34,
                **environ,
            },
        )
        usual = ("--name", "tiny", "--version", "1.0", "--model", self.model.name)
        return run_action("model-release", self.workspace, told, [*usual, *arguments])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_a_model_that_passed_is_published_and_promoted(run: Run) -> None:
    ended = run(run.passed(), "--stage", "staging\nlatest", "--model-sha256", run.digest)
    assert ended.code == 0, ended.stderr
    folder = run.workspace / "models/tiny"
    assert ended.outputs == {
        "version": "1.0",
        "digest": run.digest,
        "reference": (folder / "v1.0").as_uri(),
        "stage": "staging latest",
        "verdict": "PASS",
    }
    told = json.loads((folder / "latest/metadata.json").read_text())
    assert told["performance"]["perplexity"] == 5.67
    assert told["tests_passed"] == {"quality": True, "performance": None, "security": True}
    assert (told["created_by"], told["commit"][:6]) == ("octocat", "c0ffee")
    assert told["source"] == "hf://a/b/c"
    moves = run.registry.history("tiny")
    assert [each.pointer for each in moves] == ["staging", "latest"]
    assert len(moves[0].evidence) == 2
    left = read_evidence(run.workspace, "model-release")
    assert left["inputs"]["model"] == run.digest
    assert set(left["inputs"]) == {"model", "fetch", "measured"}
    assert left["findings"]["stages"] == ["staging", "latest"]
    assert run.digest in ended.summary
    assert "not measured" in ended.summary


def test_manual_leaves_the_pointers(run: Run) -> None:
    ended = run(run.passed(), "--promote", "manual", "--stage", "production")
    assert ended.code == 0, ended.stderr
    assert ended.outputs["stage"] == ""
    assert "ci-gen model promote tiny@1.0 --to production" in ended.stderr
    assert dict(run.registry.pointers("tiny")) == {}


@pytest.mark.parametrize(
    ("verdict", "status"), [("FAIL", 1), ("INCONCLUSIVE", 3), ("ERROR", 3), ("NO_DATA", 3)]
)
def test_what_did_not_pass_is_not_published(run: Run, verdict: str, status: int) -> None:
    ended = run(run.passed(measured=verdict))
    assert ended.code == status
    assert ended.outputs["verdict"] == verdict
    assert f"measured is {verdict}" in ended.stderr
    assert run.registry.models() == ()


def test_demanded_evidence(run: Run) -> None:
    ended = run([], "--tests", "quality\nperformance")
    assert ended.code == 3
    assert ended.outputs["verdict"] == "NO_DATA"
    for kind in ("quality", "performance"):
        assert f"no gate of {kind} has passed this model" in ended.stderr
    ended = run(run.passed(), "--require", "load-test")
    assert ended.code == 3
    assert "the required evidence load-test is missing" in ended.stderr
    assert run.registry.models() == ()


def test_evidence_about_another_model_counts_for_nothing(run: Run) -> None:
    values = run.passed()
    values[1]["inputs"]["model"] = "sha256:" + "0" * 64
    ended = run(values)
    assert ended.code == 3
    assert "no gate of quality has passed this model" in ended.stderr
    ended = run(values, "--tests", "none", "--require", "measured")
    assert ended.code == 3
    assert "measured is about another model, sha256:000" in ended.stderr
    assert run.registry.models() == ()


def test_a_file_that_is_no_model(run: Run) -> None:
    run.model.write_bytes(run.model.read_bytes()[:-100])
    ended = run([])
    assert ended.code == 1
    assert ended.outputs["verdict"] == "FAIL"
    assert "no sound GGUF model" in ended.stderr
    assert "no sound GGUF model" in ended.summary


def test_nothing_is_promoted_without_any_evidence(run: Run) -> None:
    ended = run([], "--tests", "none")
    assert ended.code == 0, ended.stderr
    assert "nothing is promoted" in ended.stderr
    assert dict(run.registry.pointers("tiny")) == {}
    assert [each.version for each in run.registry.versions("tiny")] == ["1.0"]


def test_the_same_model_again_and_another_one(run: Run) -> None:
    assert run(run.passed()).code == 0
    again = run(run.passed())
    assert again.code == 0
    assert "was published before, with this very model" in again.stderr
    run.model.write_bytes(run.model.read_bytes() + b"x")
    run.digest = digest(run.model)
    ended = run(run.passed())
    assert ended.code == 4
    assert "is there already, with another model" in ended.stderr
    assert ended.outputs["verdict"] == "ERROR"


def test_a_pointer_to_what_was_published_later_stays(run: Run) -> None:
    assert run(run.passed(), "--version", "2.0", "--promote", "manual").code == 0
    path = run.workspace / "models/tiny/.ci-gen/versions.jsonl"
    assert run(run.passed()).code == 0
    row = json.loads(path.read_text().splitlines()[0])
    later = {**row, "created_at": "2999-01-01T00:00:00Z"}
    path.write_text(
        path.read_text().replace(json.dumps(row, separators=(",", ":")), json.dumps(later))
    )
    (run.workspace / "models/tiny/latest").unlink()
    (run.workspace / "models/tiny/latest").symlink_to("v2.0")
    ended = run(run.passed())
    assert ended.code == 0, ended.stderr
    assert "latest stays: it names 2.0" in ended.stderr
    assert dict(run.registry.pointers("tiny")) == {"latest": "2.0"}


def test_a_pull_request_publishes_nothing(run: Run) -> None:
    ended = run(run.passed(), environ={"GITHUB_EVENT_NAME": "pull_request"})
    assert ended.code == 0, ended.stderr
    assert "the change is not merged" in ended.stderr
    assert ended.outputs["version"] == ended.outputs["reference"] == ""
    assert ended.outputs["digest"] == run.digest
    assert run.registry.models() == ()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--model", "no.gguf"), "there is no file no.gguf"),
        (("--model-sha256", "0" * 64), "is not the model that it should be"),
        (("--version", "latest"), "cannot be a version"),
        (("--name", "../x"), "cannot name a model"),
        (("--report", "no.json"), "there is no file no.json"),
        (("--username", "me"), "the input password is empty"),
        (("--stage", "v1"), "cannot name a pointer"),
        (("--registry", "s3://x"), "no registry of models"),
    ],
)
def test_wrong_inputs(run: Run, arguments: tuple[str, ...], what: str) -> None:
    ended = run(run.passed(), *arguments)
    assert ended.code == 2, ended.stderr
    assert what in ended.stderr
    assert run.registry.models() == ()


@pytest.mark.e2e
def test_an_oci_registry_with_a_login(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote"], check=True)
    remote = f"file://{tmp_path}/remote"
    subprocess.run(["git", "clone", "--quiet", remote, tmp_path / "workspace"], check=True)
    run = Run(tmp_path)
    with engine.registry(password="hunter2-and-more") as served:
        location = ("--registry", f"oci://{served.host}/team/models", "--username", engine.USER)
        password = {"CI_GEN_MODEL_RELEASE_PASSWORD": "hunter2-and-more"}
        ended = run(run.passed(), *location, environ=password)
        assert ended.code == 0, ended.stderr
        assert ended.outputs["reference"].startswith(f"{location[1]}/tiny@sha256:")
        assert ended.outputs["stage"] == "latest"
        shown = ended.stderr.replace("::add-mask::hunter2-and-more", "") + ended.summary
        assert "hunter2" not in shown
        registry = open_registry(
            location[1],
            username=engine.USER,
            password="hunter2-and-more",
            base=run.workspace,
            environ={},
        )
        found = registry.resolve("tiny", "latest")
        assert found.reference == ended.outputs["reference"]
        assert found.metadata.checksum == run.digest
        assert registry.problems("tiny") == ()
        ended = run(run.passed(), *location, environ={"CI_GEN_MODEL_RELEASE_PASSWORD": "wrong"})
        assert ended.code == 3
        assert "refused access" in ended.stderr


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    (example,) = examples(ROOT / "actions/model-release/README.md")
    workspace = make_repository(tmp_path / "workspace", {"README.md": "# A service\n"}).path
    path = model(workspace / "models-in")
    write(
        workspace / "evidence",
        [evidence("q", "model-quality", digest(path)), evidence("s", "scan-image")],
    )
    environ = github_environment(tmp_path / "github", workspace, GITHUB_EVENT_NAME="push")
    ((manifest, inputs),) = example.own_steps()
    ended = run_composite(manifest, inputs, workspace, environ)
    assert ended.code == 0, ended.stderr
    assert ended.outputs["stage"] == "staging latest"
