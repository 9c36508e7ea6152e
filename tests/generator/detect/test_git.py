from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.repositories import make_repository

from ci_gen.detect.git import (
    find_default_branch,
    find_remotes,
    is_top_level,
    parse_remote,
)
from ci_gen.detect.model import Platform


@pytest.mark.parametrize(
    ("url", "clean", "slug", "platform"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b.git", "a/b", Platform.GITHUB),
        ("https://bob:secret@github.com/a/b", "https://github.com/a/b", "a/b", Platform.GITHUB),
        ("git@gitlab.com:a/b/c.git", "git@gitlab.com:a/b/c.git", "a/b/c", Platform.GITLAB),
        (
            "ssh://git@gitlab.corp.example:2222/a/b.git",
            "ssh://git@gitlab.corp.example:2222/a/b.git",
            "a/b",
            Platform.GITLAB,
        ),
        ("git@GitHub.example.com:a/b/", "git@github.example.com:a/b", "a/b", Platform.GITHUB),
        ("https://code.example.com/a/b", "https://code.example.com/a/b", "a/b", None),
        ("https://notgithub.com/a/b", "https://notgithub.com/a/b", "a/b", None),
    ],
)
def test_addresses(url: str, clean: str, slug: str, platform: Platform | None) -> None:
    remote = parse_remote("origin", url)
    assert remote is not None
    assert (remote.url, remote.slug, remote.platform) == (clean, slug, platform)


@pytest.mark.parametrize("url", ["/srv/git/a.git", "../a", "file:///srv/a.git", "C:\\a\\b", ""])
def test_a_path_on_this_machine_names_no_host(url: str) -> None:
    assert parse_remote("origin", url) is None


@given(st.from_regex(r"[a-z0-9]{4,12}", fullmatch=True), st.sampled_from(["https", "http", "ssh"]))
def test_no_password_survives(secret: str, scheme: str) -> None:
    remote = parse_remote("origin", f"{scheme}://u:{secret}X@github.com/a/b.git")
    assert remote is not None
    assert f"{secret}X" not in remote.url


def test_origin_comes_first(tmp_path: Path) -> None:
    remotes = {
        "fork": "git@gitlab.com:me/b.git",
        "origin": "https://github.com/a/b",
        "backup": "/srv/backup",
    }
    repository = make_repository(tmp_path / "r", {}, remotes)
    assert [remote.name for remote in find_remotes(repository.path)] == ["origin", "fork"]


def test_no_git_no_remotes(tmp_path: Path) -> None:
    assert find_remotes(tmp_path) == ()
    assert find_default_branch(tmp_path) == "main"
    assert is_top_level(tmp_path)


def test_the_default_branch_is_origins_head(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {}, branch="main")
    repository.git("update-ref", "refs/remotes/origin/develop", repository.head)
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")
    assert find_default_branch(repository.path) == "develop"


@pytest.mark.parametrize(("branch", "default"), [("master", "master"), ("odd", "odd")])
def test_else_the_usual_name_else_the_branch_at_hand(
    tmp_path: Path, branch: str, default: str
) -> None:
    repository = make_repository(tmp_path / "r", {}, branch=branch)
    assert find_default_branch(repository.path) == default
    repository.branch("feature")
    assert find_default_branch(repository.path) == ("feature" if branch == "odd" else default)


def test_a_folder_below_the_top_is_not_the_top(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a/b.txt": ""})
    assert is_top_level(repository.path)
    assert not is_top_level(repository.path / "a")
