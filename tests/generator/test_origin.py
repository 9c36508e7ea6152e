"""Where ci-gen says that it came from, asked of real records, installations and checkouts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.repositories import Repository, make_repository

from ci_gen import origin as module
from ci_gen.origin import REPOSITORY, Origin, origin, slug

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The module as it lies in a checkout of its own, with nothing installed under its name."""
    project = tmp_path / "checkout"
    repository = make_repository(
        project, {"pyproject.toml": "", "generator/ci_gen/origin.py": ""}, {"origin": "x"}
    )
    monkeypatch.setattr(module, "__file__", str(project / "generator/ci_gen/origin.py"))
    monkeypatch.setattr(sys, "path", [])
    return repository


def record(checkout: Repository, text: str) -> None:
    (checkout.path / "generator/ci_gen/_origin.json").write_text(text)


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, direct_url: str | None) -> None:
    """The metadata that pip leaves."""
    metadata = folder / "ci_gen-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ci-gen\nVersion: 0.1.0\n")
    if direct_url is not None:
        (metadata / "direct_url.json").write_text(direct_url)
    monkeypatch.setattr(sys, "path", [str(folder)])


def told(url: str, commit: str = COMMIT) -> str:
    return json.dumps({"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}})


def test_the_record_of_the_build_comes_first(
    checkout: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", monkeypatch, told("https://github.com/a/b", OTHER))
    record(checkout, json.dumps({"repository": "acme/mirror", "commit": COMMIT}))
    assert origin() == Origin("acme/mirror", COMMIT)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "1", "{}", '{"repository": "a/b"}', '{"commit": 1}',
        json.dumps({"repository": "a/b", "commit": "main"}),
        json.dumps({"repository": "a/b", "commit": COMMIT + "\n"}),
        json.dumps({"repository": "a/b", "commit": COMMIT.upper()}),
        json.dumps({"repository": "a/b@main #", "commit": COMMIT}),
        json.dumps({"repository": "../..", "commit": COMMIT}),
    ],
)  # fmt: skip
def test_a_record_that_tells_nothing_is_passed_over(checkout: Repository, text: str) -> None:
    record(checkout, text)
    assert origin() == Origin(REPOSITORY, checkout.head)


def test_what_pip_recorded_of_an_installation_from_git(
    checkout: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", monkeypatch, told("https://github.com/acme/fork.git"))
    assert origin() == Origin("acme/fork", COMMIT)


def test_an_installation_from_elsewhere_is_taken_for_ours(
    checkout: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", monkeypatch, told("file:///home/me/ci-gen"))
    assert origin() == Origin(REPOSITORY, COMMIT)


@pytest.mark.parametrize(
    "direct_url",
    [
        None, "", "{", "[]", "1", '{"url": "file:///x", "dir_info": {"editable": true}}',
        '{"url": "x", "vcs_info": null}', told("https://github.com/a/b", "main"),
    ],
)  # fmt: skip
def test_an_installation_that_tells_nothing_is_passed_over(
    checkout: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct_url: str | None
) -> None:
    installed(tmp_path / "site", monkeypatch, direct_url)
    assert origin() == Origin(REPOSITORY, checkout.head)


def test_a_checkout_tells_its_own_commit_and_remote(
    checkout: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert origin() == Origin(REPOSITORY, checkout.head)
    checkout.git("remote", "set-url", "origin", "git@github.com:acme/ci-gen.git")
    other = make_repository(tmp_path / "other", {"a": ""})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    assert origin() == Origin("acme/ci-gen", checkout.head)
    checkout.git("remote", "remove", "origin")
    assert origin() == Origin(REPOSITORY, checkout.head)


def test_nothing_tells(checkout: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert origin() is None
    monkeypatch.undo()
    monkeypatch.setattr(module, "__file__", str(checkout.path / "generator/ci_gen/origin.py"))
    monkeypatch.setattr(sys, "path", [])
    shutil.rmtree(checkout.path / ".git")
    assert origin() is None
    subprocess.run(["git", "init", "--quiet", str(checkout.path)], check=True)
    assert origin() is None
    (checkout.path / "pyproject.toml").unlink()
    assert origin() is None


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/ci-gen",
        "https://github.com/acme/ci-gen/",
        "https://github.com/acme/ci-gen.git",
        "https://token@github.com/acme/ci-gen.git",
        "https://user:secret@github.com/acme/ci-gen",
        "ssh://git@github.com/acme/ci-gen.git",
        "git@github.com:acme/ci-gen.git",
        "git@github.com:acme/ci-gen",
    ],
)
def test_addresses_on_github(url: str) -> None:
    assert slug(url) == "acme/ci-gen"


@pytest.mark.parametrize(
    "url",
    [
        "", "acme/ci-gen", "/srv/git/ci-gen", "file:///github.com/a/b", "https://github.com/a",
        "https://gitlab.com/a/b", "https://github.com.evil.example/a/b",
        "https://evil.example/github.com/a/b", "https://evil.example@x/github.com/a/b",
        "https://github.com@evil.example/a/b", "git@github.com.evil.example:a/b",
        "https://githubxcom/a/b", "https://github.com/a/b/c", "https://github.com/../..",
        "https://github.com/a/..", "https://github.com/a/.", "https://github.com/a/b\n",
        "https://github.com/a/b@main", "https://github.com/a/b #c", "https://github.com/a/b\nx: y",
        "https://github.com/a/${{github.token}}", "https://github.com/-a/b", "https://github.com/ä/b",
        "https://github.com/a/b;id", "https://github.com/a/$(id)", "https://github.com//b",
    ],
)  # fmt: skip
def test_what_is_no_repository_on_github(url: str) -> None:
    assert slug(url) == ""
