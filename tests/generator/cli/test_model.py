"""`ci-gen model` on a registry in a folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.http_stand_in import Answer, Asked, stand_in
from tests.support.model_registries import digest, evidence, model
from tests.support.released import write

from ci_gen.__main__ import main


class Shell:
    """Commands in a folder of their own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        self._capsys.readouterr()
        status = main(["model", *words])
        self.out, self.err = self._capsys.readouterr()
        return status

    def publish(self, version: str, *more: str, name: str = "tiny") -> int:
        path = model(self.folder / "in", f"{name}-{version}")
        return self("publish", str(path), "--name", name, "--version", version, *more)


@pytest.fixture
def model_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI_GEN_MODEL_REGISTRY", raising=False)
    return Shell(tmp_path, capsys)


def test_from_the_first_version_to_a_rollback(model_shell: Shell) -> None:
    assert model_shell.publish("1.0", "--to", "latest") == 0
    assert "tiny 1.0 is published: sha256:" in model_shell.out
    assert "latest of tiny: nothing -> 1.0" in model_shell.out
    assert model_shell.publish("1.1") == 0
    assert "next: ci-gen model promote tiny@1.1" in model_shell.err
    assert model_shell("promote", "tiny@1.1", "--expect", "1.0", "--reason", "faster") == 0
    assert model_shell.out == "latest of tiny: 1.0 -> 1.1\n"
    assert model_shell("rollback", "tiny", "--reason", "wrong answers") == 0
    assert model_shell.out == "latest of tiny: 1.1 -> 1.0\n"
    assert model_shell("rollback", "tiny") == 2
    assert "latest of tiny has nothing to go back to" in model_shell.err
    assert model_shell("list") == 0
    assert model_shell.out.splitlines()[1].split() == ["tiny", "2", "1.1", "latest", "1.0"]
    assert model_shell("list", "tiny") == 0
    assert [line.split()[0] for line in model_shell.out.splitlines()] == ["VERSION", "1.0", "1.1"]
    assert model_shell("show", "tiny") == 0
    assert "1.1 -> 1.0 by" in model_shell.out
    assert ": wrong answers" in model_shell.out
    assert model_shell("verify") == 0
    assert "2 versions as published" in model_shell.out


def test_what_gates_measured_is_shown(model_shell: Shell) -> None:
    path = model(model_shell.folder / "in", "tiny-1.0")
    told = {"performance": {"perplexity": 5.67}}
    write(
        model_shell.folder / "evidence",
        [
            evidence("fetch", "fetch-model", digest(path), findings={"source": "hf://a/b/c"}),
            evidence("scan", "scan-image"),
            evidence("measured", "model-quality", digest(path), findings=told),
        ],
    )
    assert model_shell.publish("1.0", "--evidence", "evidence", "--to", "latest") == 0
    assert model_shell("show", "tiny@1.0") == 0
    for text in ("5.67 perplexity", "hf://a/b/c", "PASS         measured (model-quality)"):
        assert text in model_shell.out
    assert model_shell("show", "--json", "tiny@latest") == 0
    shown = json.loads(model_shell.out)
    assert shown["performance"]["perplexity"] == 5.67
    assert shown["tests_passed"]["security"] is True
    assert [each["stage"] for each in shown["evidence"]] == ["fetch", "measured", "scan"]


def test_exit_statuses(model_shell: Shell) -> None:
    assert model_shell("verify") == 3
    assert "no model in models to verify" in model_shell.err
    assert model_shell("show", "tiny") == 2
    assert model_shell.publish("1.0") == 0
    other = model(model_shell.folder / "other")
    assert model_shell("publish", str(other), "--name", "tiny", "--version", "1.0") == 4
    assert "there already, with another model" in model_shell.err
    assert model_shell("promote", "tiny@1.0", "--expect", "0.9") == 4
    assert "expected to name 0.9 and names nothing" in model_shell.err
    assert model_shell("promote", "tiny") == 2
    assert "which version of tiny?" in model_shell.err
    assert model_shell("show", "tiny@2.0") == 2
    (model_shell.folder / "no-model.gguf").write_bytes(b"GGUF")
    assert model_shell("publish", "no-model.gguf", "--name", "a", "--version", "1") == 1
    assert "no sound GGUF model" in model_shell.err
    assert not (model_shell.folder / "models/a").exists()


def test_each_damaged_file_is_named(model_shell: Shell) -> None:
    assert model_shell.publish("1.0") == 0
    assert model_shell.publish("1.1") == 0
    path = model_shell.folder / "models/tiny/v1.1/model.gguf"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert model_shell("verify", "tiny@1.0") == 0
    assert model_shell("verify") == 1
    assert "damaged: tiny 1.1 model.gguf: it is sha256:" in model_shell.err
    assert "1 problem in 2 versions" in model_shell.out


def test_json(model_shell: Shell) -> None:
    assert model_shell("list", "--json") == 0
    assert json.loads(model_shell.out) == []
    assert model_shell.publish("1.0", "--to", "production") == 0
    assert model_shell("list", "--json") == 0
    assert json.loads(model_shell.out) == [
        {"name": "tiny", "versions": 1, "pointers": {"production": "1.0"}}
    ]
    assert model_shell("list", "--json", "tiny") == 0
    assert json.loads(model_shell.out)[0]["pointers"] == ["production"]


def test_what_differs(model_shell: Shell) -> None:
    assert model_shell.publish("1.0") == 0
    assert model_shell.publish("1.1") == 0
    assert model_shell("diff", "tiny@1.0", "@1.1") == 0
    assert model_shell.out.startswith("tiny 1.0 -> tiny 1.1\n")
    assert "general.name: tiny-1.0 -> tiny-1.1" in model_shell.out
    assert model_shell("diff", "tiny@1.0", "tiny@1.1", "--json") == 0
    parts = {each["part"] for each in json.loads(model_shell.out)}
    assert parts == {"facts", "files", "header"}
    assert model_shell("diff", "tiny@1.0", "tiny@v1.0") == 0
    assert "no difference" in model_shell.out


def test_gc_names_first_and_removes_when_it_is_told_to(model_shell: Shell) -> None:
    for number in ("1.0", "1.1", "1.2"):
        assert model_shell.publish(number, "--to", "latest") == 0
    assert model_shell("gc") == 0
    assert model_shell.out == "nothing can go\n"
    assert model_shell("gc", "tiny", "--keep", "0", "--days", "0") == 0
    staging = model_shell.folder / "models/tiny/.ci-gen/staging/1.9.abc"
    staging.mkdir()
    # A version is younger than no days at all only after a second has passed.
    path = model_shell.folder / "models/tiny/.ci-gen/versions.jsonl"
    path.write_text(path.read_text().replace('"created_at":"20', '"created_at":"19'))
    assert model_shell("gc", "tiny", "--keep", "0", "--days", "0") == 0
    assert "would remove tiny 1.0" in model_shell.out
    assert "would mend tiny .ci-gen/staging/1.9.abc: a stopped writer left it" in model_shell.out
    assert "1 version of" in model_shell.out
    assert (model_shell.folder / "models/tiny/v1.0").exists()
    assert model_shell("gc", "--keep", "0", "--days", "0", "--delete") == 0
    assert "removed tiny 1.0" in model_shell.out
    assert not (model_shell.folder / "models/tiny/v1.0").exists()
    assert not staging.exists()
    assert model_shell("gc", "nope") == 2
    assert model_shell("gc", "--keep", "-1") == 2
    assert model_shell("verify") == 0


def test_where_a_login_comes_from(model_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: Asked) -> Answer:
        return Answer(status=401, headers={"WWW-Authenticate": "Basic"})

    monkeypatch.delenv("CI_GEN_MODEL_USERNAME", raising=False)
    subprocess.run(["git", "init", "--quiet", model_shell.folder], check=True)
    with stand_in(answer) as server:
        assert model_shell.publish("1.0", "--registry", f"oci://{server.host}/models") == 3
    assert "refused access" in model_shell.err
    assert "CI_GEN_MODEL_USERNAME and CI_GEN_MODEL_PASSWORD" in model_shell.err
