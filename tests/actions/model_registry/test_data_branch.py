"""Files on the data branch: compare-and-swap against real git, a remote or none."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.model_registry import git_login
from ci_gen_actions.model_registry.data_branch import Change, DataBranch, Snapshot

TOKEN = "ghs_not-to-be-seen"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with a branch main of some history."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote")
    git(tmp_path, "clone", "--quiet", "remote", "first")
    for number in range(3):
        git(tmp_path / "first", "commit", "--quiet", "--allow-empty", "-m", str(number))
    git(tmp_path / "first", "push", "--quiet", "origin", "HEAD:main")
    return tmp_path / "remote"


def cloned(remote: Path, name: str, *words: str) -> DataBranch:
    git(remote.parent, "clone", "--quiet", *words, f"file://{remote}", name)
    return DataBranch(remote.parent / name, "data", {})


def added(line: str, path: str = "a/b.jsonl") -> Change:
    def change(seen: Snapshot) -> Mapping[str, bytes]:
        return {path: seen.read(path) + line.encode()}

    return change


def test_a_branch_of_its_own_history(remote: Path) -> None:
    branch = cloned(remote, "one")
    assert branch.snapshot().commit == ""
    assert branch.snapshot().read("a") == b""
    assert branch.snapshot().names("a") == ()
    branch.change("first", added("1\n"))
    branch.change("second", added("2\n"))
    branch.change("third", added("x", "a/c"))
    other = cloned(remote, "two").snapshot()
    assert other.read("a/b.jsonl") == b"1\n2\n"
    assert other.names("a") == ("b.jsonl", "c")
    assert other.names("none") == ()
    assert git(remote, "log", "--format=%s", "data").split() == ["third", "second", "first"]
    assert git(remote.parent / "one", "status", "--short") == ""
    assert git(remote, "log", "--format=%s", "main").split() == ["2", "1", "0"]


def test_nothing_to_change_makes_no_commit(remote: Path) -> None:
    branch = cloned(remote, "one")
    branch.change("first", added("1\n"))
    before = git(remote, "rev-parse", "data")
    branch.change("nothing", lambda _: {})
    assert git(remote, "rev-parse", "data") == before


def test_whoever_comes_second_starts_again_from_what_is_there(remote: Path) -> None:
    one, two = cloned(remote, "one"), cloned(remote, "two")
    seen = []

    def slow(found: Snapshot) -> Mapping[str, bytes]:
        seen.append(found.read("a/b.jsonl"))
        if len(seen) == 1:
            two.change("faster", added("2\n"))
        return added("1\n")(found)

    one.change("slower", slow)
    assert seen == [b"", b"2\n"]
    assert two.snapshot().read("a/b.jsonl") == b"2\n1\n"


@pytest.mark.parametrize("shared", [True, False])
def test_many_at_once_lose_nothing(remote: Path, shared: bool) -> None:
    branches = [cloned(remote, f"clone-{number}") for number in range(1 if shared else 4)]
    threads = [
        threading.Thread(
            target=branches[number % len(branches)].change, args=("x", added(f"{number}\n"))
        )
        for number in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = branches[0].snapshot().read("a/b.jsonl").split()
    assert sorted(found) == [str(number).encode() for number in range(8)]


def test_what_stops_the_change_leaves_the_branch(remote: Path) -> None:
    branch = cloned(remote, "one")
    branch.change("first", added("1\n"))

    def stop(_: Snapshot) -> Mapping[str, bytes]:
        raise CannotDecide("no")

    with pytest.raises(CannotDecide, match="no"):
        branch.change("second", stop)
    assert branch.snapshot().read("a/b.jsonl") == b"1\n"


def test_a_shallow_clone_stays_shallow_and_a_full_one_full(remote: Path) -> None:
    first = cloned(remote, "one")
    for number in range(3):
        first.change(str(number), added(f"{number}\n"))
    shallow = cloned(remote, "shallow", "--depth=1")
    shallow.change("3", added("3\n"))
    assert git(remote, "rev-list", "--count", "data") == "4"
    assert git(remote.parent / "shallow", "rev-list", "--count", "--all") in ("3", "2")
    full = cloned(remote, "full", "--single-branch")
    assert full.snapshot().read("a/b.jsonl") == b"0\n1\n2\n3\n"
    assert not (remote.parent / "full/.git/shallow").exists()


def test_without_a_remote(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "alone")
    branch = DataBranch(tmp_path / "alone", "data", {})
    branch.change("first", added("1\n"))
    branch.change("second", added("2\n"))
    assert branch.snapshot().read("a/b.jsonl") == b"1\n2\n"
    assert git(tmp_path / "alone", "rev-list", "--count", "data") == "2"


def test_without_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no git repository") as caught:
        DataBranch(tmp_path, "data", {}).snapshot()
    assert "not a git repository" in str(caught.value)
    for name in ("", "-x", "a..b", "a b"):
        with pytest.raises(UsageError, match="cannot name a branch"):
            DataBranch(tmp_path, name, {})


def test_a_remote_that_is_gone(remote: Path) -> None:
    branch = cloned(remote, "one")
    remote.rename(remote.parent / "elsewhere")
    with pytest.raises(CannotDecide, match="cannot be asked for its branches"):
        branch.snapshot()


def test_a_remote_that_refuses(remote: Path) -> None:
    branch = cloned(remote, "one")
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no data here >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(CannotDecide, match="the branch data cannot be pushed"):
        branch.change("first", added("1\n"))
    assert branch.snapshot().commit == ""


def test_an_answer_that_was_lost(remote: Path) -> None:
    """The push arrived, and the client was told that it had failed."""
    branch = cloned(remote, "one")
    hook = remote / "hooks/post-receive"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    branch.change("first", added("1\n"))
    hook.unlink()
    assert branch.snapshot().read("a/b.jsonl") == b"1\n"
    assert git(remote, "rev-list", "--count", "data") == "1"


def test_a_token_goes_to_its_host_alone() -> None:
    made = git_login.environment({}, TOKEN, "https://github.com/me/app")
    assert made["GIT_CONFIG_KEY_1"] == "http.https://github.com/.extraheader"
    assert made["GIT_CONFIG_VALUE_0"] == ""
    assert TOKEN not in str(made)  # encoded, as Basic has it
    for url in ("http://github.com/me/app", "git@github.com:me/app", "file:///x", ""):
        assert "GIT_CONFIG_COUNT" not in git_login.environment({}, TOKEN, url)
    said = f"fatal: https://me:{TOKEN}@github.com/x: {TOKEN}"
    assert git_login.redacted(said, TOKEN) == "fatal: https://github.com/x: ***"
