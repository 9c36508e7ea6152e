from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.repositories import make_repository, write

from ci_gen.detect.files import list_files


def test_only_tracked_files_are_listed(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"b.txt": "", "a/c d.txt": "x"})
    write(repository.path / "untracked.txt", "")
    listing = list_files(repository.path)
    assert listing.files == ("a/c d.txt", "b.txt")
    assert listing.tracked
    assert listing.notes == ()


def test_a_folder_of_a_repository_lists_what_is_below_it(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a/b.txt": "", "c.txt": ""})
    assert list_files(repository.path / "a").files == ("b.txt",)


def test_submodules_are_known_from_the_index(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.txt": ""})
    entry = f"160000,{repository.head},deps/one"
    repository.git("update-index", "--add", "--cacheinfo", entry)
    listing = list_files(repository.path)
    assert listing.submodules == ("deps/one",)
    assert listing.files == ("a.txt",)


def test_a_file_in_conflict_is_listed_once(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    repository.branch("other")
    repository.commit({"a.txt": "two\n"})
    repository.checkout("main")
    repository.commit({"a.txt": "three\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "other")
    assert list_files(repository.path).files == ("a.txt",)


def test_the_variables_of_a_hook_do_not_lead_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_repository(tmp_path / "one", {"one.txt": ""})
    two = make_repository(tmp_path / "two", {"two.txt": ""})
    monkeypatch.setenv("GIT_DIR", str(two.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(two.path / ".git/index"))
    assert list_files(one.path).files == ("one.txt",)


def test_the_repositorys_fsmonitor_is_not_started(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.txt": ""})
    hook = tmp_path / "hook"
    write(hook, f"#!/bin/sh\ntouch {tmp_path}/started\n")
    repository.git("config", "core.fsmonitor", str(hook))
    assert list_files(repository.path).files == ("a.txt",)
    assert not (tmp_path / "started").exists()


def test_without_git_the_folder_is_walked_around_what_is_built(tmp_path: Path) -> None:
    for path in (
        "src/a.cpp",
        ".github/workflows/ci.yml",
        "node_modules/x/index.js",
        "build/CMakeLists.txt",
        "cmake-build-debug/b.txt",
        "out-of-tree/CMakeCache.txt",
        "out-of-tree/c.txt",
        "mine/pyvenv.cfg",
        "mine/lib/x.py",
        "nested/.git/HEAD",
        "nested/n.txt",
    ):
        write(tmp_path / path, "")
    listing = list_files(tmp_path)
    assert listing.files == (".github/workflows/ci.yml", "src/a.cpp")
    assert listing.submodules == ("nested",)
    assert not listing.tracked


def test_without_git_declared_submodules_are_not_the_owners(tmp_path: Path) -> None:
    write(tmp_path / ".gitmodules", '[submodule "x"]\n path = ext/x/\n[submodule]\n path = ../y\n')
    write(tmp_path / "ext/x/CMakeLists.txt", "project(x)")
    write(tmp_path / "ext/y.txt", "")
    listing = list_files(tmp_path)
    assert listing.submodules == ("ext/x",)
    assert listing.files == (".gitmodules", "ext/y.txt")


def test_a_repository_that_tracks_nothing_yet_is_walked(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {})
    write(repository.path / "a.txt", "")
    listing = list_files(repository.path)
    assert listing.files == ("a.txt",)
    assert "git add" in listing.notes[0]


def test_git_that_refuses_is_noted_without_the_folders_place(tmp_path: Path) -> None:
    write(tmp_path / ".git", "gitdir: /nowhere\n")
    write(tmp_path / "a.txt", "")
    listing = list_files(tmp_path)
    assert "a.txt" in listing.files
    assert "git could not be asked" in listing.notes[0]
    assert str(tmp_path) not in listing.notes[0]


def test_without_the_git_program_the_folder_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make_repository(tmp_path / "r", {"a.txt": ""})
    monkeypatch.setenv("PATH", str(tmp_path))
    listing = list_files(repository.path)
    assert listing.files == ("a.txt",)
    assert "FileNotFoundError" in listing.notes[0]


@pytest.mark.parametrize("tracked", [True, False])
def test_names_that_no_pipeline_can_hold_are_left_out(tmp_path: Path, tracked: bool) -> None:
    repository = make_repository(tmp_path / "r", {"a.txt": "", "new\nline.txt": ""})
    with Path(os.fsdecode(os.fsencode(repository.path) + b"/\xff.txt")).open("wb"):
        pass
    repository.commit()
    if not tracked:
        (repository.path / ".git").rename(tmp_path / "aside")
    listing = list_files(repository.path)
    assert listing.files == ("a.txt",)
    assert listing.notes[0].startswith("2 file names are not plain UTF-8")
    listing.notes[0].encode()


@pytest.mark.parametrize("tracked", [True, False])
def test_links_are_not_followed(tmp_path: Path, tracked: bool) -> None:
    repository = make_repository(tmp_path / "r", {"a/b.txt": ""})
    (repository.path / "a/loop").symlink_to("..", target_is_directory=True)
    (repository.path / "self").symlink_to("self")
    (repository.path / "link.txt").symlink_to("a/b.txt")
    repository.commit()
    if not tracked:
        (repository.path / ".git").rename(tmp_path / "aside")
    assert list_files(repository.path).files == ("a/b.txt",)


def test_a_folder_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    try:
        if os.access(closed, os.R_OK):
            pytest.skip("this user may read everything")
        listing = list_files(tmp_path)
    finally:
        closed.chmod(0o700)
    assert listing.files == ("a.txt",)
    assert listing.notes == ("closed: not read: Permission denied",)


def test_a_folder_name_too_long_to_open_is_noted(tmp_path: Path) -> None:
    # Relative to the work directory, a depth can be made that no absolute path can reach.
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(30):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    assert any("not read" in note for note in list_files(tmp_path).notes)


def test_what_ci_gen_keeps_for_itself_is_no_fact(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {".ci-gen/lock.json": "{}", "a.txt": ""})
    assert list_files(repository.path).files == ("a.txt",)


def test_a_file_is_no_repository(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "")
    with pytest.raises(NotADirectoryError, match=r"a\.txt is not a folder"):
        list_files(tmp_path / "a.txt")
