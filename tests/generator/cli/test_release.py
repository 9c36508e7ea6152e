"""`ci-gen release` on evidence, files and (end to end) a registry."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support import engine
from tests.support.released import COMMIT, evidence, of_image, run_of, sha, write

from ci_gen.__main__ import main
from ci_gen_actions.core.oci import EMPTY, MANIFEST, Registry
from ci_gen_actions.release import artifact, check
from ci_gen_actions.release.signature import Signer, commands

IDENTITY = "https://github.com/me/app/.github/workflows/ci.yml@refs/heads/main"


def assembled(tmp_path: Path, values: list[dict[str, Any]], *arguments: str) -> tuple[int, Path]:
    write(tmp_path / "evidence", values)
    (tmp_path / "ci-gen.yaml").write_text("version: 1\n")
    status = main(
        [
            *("release", "assemble", "--evidence", str(tmp_path / "evidence")),
            *("--config", str(tmp_path / "ci-gen.yaml"), "-o", str(tmp_path / "out"), *arguments),
        ]
    )
    return status, tmp_path / "out" / "api-cpu.json"


def test_assemble_show_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, file = assembled(tmp_path, run_of(of_image("cpu"), of_image("cuda")))
    assert status == 0
    assert (tmp_path / "out" / "api-cuda.json").is_file()
    capsys.readouterr()
    assert main(["release", "show", str(file)]) == 0
    shown = capsys.readouterr().out
    for text in ("api cpu: PASS", sha("image cpu-api"), COMMIT, "scan-source", "100.0 MiB"):
        assert text in shown
    assert main(["release", "show", "--json", str(file)]) == 0
    assert capsys.readouterr().out == file.read_text()
    folder = str(tmp_path / "evidence")
    assert main(["release", "verify", "--offline", "--evidence", folder, str(file)]) == 0
    assert (
        "a record of verdict PASS, and all agrees; no registry was asked" in capsys.readouterr().out
    )


def test_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, run_of())
    assert main(["release", "assemble", "--evidence", str(tmp_path)]) == 0
    assert check.parse(capsys.readouterr().out.encode(), "stdout")["verdict"] == "PASS"


def test_the_verdict_is_the_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = run_of()
    assert assembled(tmp_path, values, "--require", "load-test")[0] == 3
    assert "required evidence load-test is missing" in capsys.readouterr().err
    values[3]["verdict"] = "FAIL"
    assert assembled(tmp_path, values)[0] == 1
    values[1]["inputs"]["package"] = sha("another")
    assert assembled(tmp_path, values)[0] == 1
    assert f"took the package {sha('another')}" in capsys.readouterr().err


def test_evidence_of_an_earlier_record(tmp_path: Path) -> None:
    tested = evidence("load-test", "pytest", inputs={"package": sha("package cpu-api")})
    _, earlier = assembled(tmp_path / "earlier", [*run_of(), tested])
    status, file = assembled(
        tmp_path / "now", run_of(), "--require", "load-test", "--previous", str(earlier)
    )
    assert status == 0
    (entry,) = [each for each in json.loads(file.read_text())["evidence"] if each["reused_from"]]
    assert entry["stage"] == "load-test"


def test_everything_that_is_wrong_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, file = assembled(tmp_path, run_of())
    value = json.loads(file.read_text())
    value["identity"]["model"] = sha("another model")
    value["version"] = "1\x1b[2J"
    file.write_text(json.dumps(value))
    (tmp_path / "evidence/evidence-unit-tests/unit-tests.json").write_text("{}")
    (tmp_path / "evidence/evidence-scan-source/scan-source.json").unlink()
    folder = str(tmp_path / "evidence")
    capsys.readouterr()
    assert main(["release", "verify", "--offline", "--evidence", folder, str(file)]) == 1
    told = capsys.readouterr().err
    for text in ("identity.digest is", "evidence unit-tests is sha256", "scan-source is not in"):
        assert text in told
    main(["release", "show", str(file)])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 7}'])
def test_what_is_no_record(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.json").write_text(text)
    assert main(["release", "verify", str(tmp_path / "r.json")]) == 1
    assert "is no release record" in capsys.readouterr().err
    assert main(["release", "show", str(tmp_path / "r.json")]) == 2


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "show", str(tmp_path / "missing.json")]) == 2
    assert main(["release", "show", "host.io/Upper"]) == 2
    assert main(["release", "assemble", "--evidence", str(tmp_path / "missing")]) == 2
    assert main(["release", "verify", "--repo", "a/b", "x.json"]) == 2
    assert main(["release", "assemble", "--evidence", str(tmp_path)]) == 3
    assert "there is nothing to release" in capsys.readouterr().err


# Signatures: the tools are asked with exactly these arguments; what they find needs a service.


def test_the_arguments_of_the_tools() -> None:
    image = f"ghcr.io/me/app@{sha('image')}"
    assert commands(image, Signer(identity=IDENTITY, repository="me/app")) == (
        (
            *("cosign", "verify", "--certificate-identity", IDENTITY),
            "--certificate-oidc-issuer",
            *("https://token.actions.githubusercontent.com", image),
        ),
        ("gh", "attestation", "verify", f"oci://{image}", "--repo", "me/app"),
    )
    gitlab = "https://gitlab.com/me/app//.gitlab-ci.yml@refs/heads/main"
    assert "https://gitlab.com" in commands(image, Signer(identity=gitlab))[0]


def tools(folder: Path, status: int) -> None:
    """Stand-ins of cosign and gh, which keep their arguments and end with `status`."""
    folder.mkdir()
    for name in ("cosign", "gh"):
        path = folder / name
        path.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/{name}.args\n'
            f"echo 'no matching signatures' >&2\nexit {status}\n"
        )
        path.chmod(0o755)


@pytest.mark.parametrize(("tool", "status"), [(0, 0), (1, 1), (None, 3)])
def test_signatures(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tool: int | None,
    status: int,
) -> None:
    _, file = assembled(tmp_path, run_of())
    folder = tmp_path / "bin"
    if tool is None:
        folder.mkdir()
    else:
        tools(folder, tool)
    monkeypatch.setenv("PATH", str(folder) + ("" if tool is None else f":{os.environ['PATH']}"))
    given = ["release", "verify", "--offline", "--signature", "--identity", IDENTITY, str(file)]
    assert main([*given, "--repo", "me/app"]) == status
    told = capsys.readouterr().err
    if tool is None:
        assert "install cosign on this runner" in told
        return
    assert (folder / "cosign.args").read_text().splitlines()[0] == "verify"
    assert (folder / "gh.args").read_text().splitlines()[-1] == "me/app"
    assert ("cosign verify ended with exit status 1: no matching signatures" in told) is (tool == 1)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--identity", "--help"],
        ["--identity", "https://git.example.org/x"],
        ["--repo", "-x/y"],
        ["--identity", IDENTITY, "--issuer", "http://issuer"],
    ],
)
def test_a_signature_by_somebody(tmp_path: Path, arguments: list[str]) -> None:
    _, file = assembled(tmp_path, run_of())
    assert main(["release", "verify", "--offline", "--signature", str(file), *arguments]) == 2


@pytest.mark.e2e
def test_records_of_a_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine.registry(password="a secret") as served:
        registry = Registry(served.host, username="ci", password="a secret")
        config = registry.push_blob("team/api", b"{}")
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": EMPTY, "digest": config, "size": 2},
            "layers": [],
        }
        digest = registry.push_manifest(
            "team/api", "latest", json.dumps(manifest).encode(), MANIFEST
        )
        values = run_of(of_image(digest=digest, repository=f"{served.host}/team/api"))
        _, file = assembled(tmp_path, values)
        monkeypatch.setenv("CI_GEN_RELEASE_USERNAME", "ci")
        monkeypatch.setenv("CI_GEN_RELEASE_PASSWORD", "a secret")
        latest = f"{served.host}/team/api:latest"
        assert main(["release", "show", latest]) == 3
        assert main(["release", "verify", str(file)]) == 1
        assert "holds 0 records" in capsys.readouterr().err
        record = check.parse(file.read_bytes(), "r")
        pushed = artifact.push(registry, "team/api", record, file.read_bytes())
        for source in (latest, f"{served.host}/team/api@{pushed}", str(file)):
            assert main(["release", "verify", source]) == 0
        assert main(["release", "show", latest]) == 0
        assert pushed in capsys.readouterr().out
        monkeypatch.setenv("CI_GEN_RELEASE_PASSWORD", "wrong")
        assert main(["release", "show", latest]) == 3
        assert "refused access" in capsys.readouterr().err
