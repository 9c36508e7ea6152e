"""The workspace holds what the working tree holds, and the working tree is never touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.repositories import Repository, make_repository, read_tree

from ci_gen.errors import Undecided, UsageError
from ci_gen.local.workspace import default_workspace, refresh

FILES = {"a.c": "one\n", "src/b.c": "two\n", "gone.c": "gone\n", ".gitignore": "build/\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "mine", FILES)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "work"


def test_what_is_committed_is_there(repository: Repository, workspace: Path) -> None:
    refresh(repository.path, workspace)
    assert read_tree(workspace) == FILES
    assert Repository(workspace).head == repository.head
    assert Repository(workspace).git("status", "--porcelain") == ""


def test_what_is_not_committed_is_carried_over(repository: Repository, workspace: Path) -> None:
    root = repository.path
    (root / "a.c").write_text("changed\n")
    (root / "gone.c").unlink()
    (root / "new").mkdir()
    (root / "new/ü.c").write_text("new\n")
    (root / "build").mkdir()
    (root / "build/ignored.o").write_text("object\n")
    status = repository.git("status", "--porcelain")
    refresh(root, workspace)
    assert read_tree(workspace) == {
        ".gitignore": "build/\n", "a.c": "changed\n", "src/b.c": "two\n", "new/ü.c": "new\n",
    }  # fmt: skip
    assert repository.git("status", "--porcelain") == status


def test_what_is_staged_is_carried_over(repository: Repository, workspace: Path) -> None:
    (repository.path / "a.c").write_text("changed\n")
    (repository.path / "new.c").write_text("new\n")
    repository.git("add", "--all")
    repository.git("rm", "--quiet", "gone.c")
    repository.git("mv", "src/b.c", "src/c.c")
    refresh(repository.path, workspace)
    assert read_tree(workspace) == {
        ".gitignore": "build/\n", "a.c": "changed\n", "new.c": "new\n", "src/c.c": "two\n",
    }  # fmt: skip


def test_a_second_run_follows(repository: Repository, workspace: Path) -> None:
    root = repository.path
    (root / "a.c").write_text("changed\n")
    (root / "new.c").write_text("new\n")
    (root / "gone.c").unlink()
    refresh(root, workspace)
    (root / "new.c").unlink()
    repository.git("checkout", "--quiet", "a.c", "gone.c")
    refresh(root, workspace)
    assert read_tree(workspace) == FILES
    (root / "now.c").write_text("untracked\n")
    refresh(root, workspace)
    repository.commit({"now.c": "tracked\n", "gone.c": None})
    refresh(root, workspace)
    assert read_tree(workspace) == read_tree(root)
    assert Repository(workspace).git("status", "--porcelain") == ""


def test_times_and_build_folders_stay(repository: Repository, workspace: Path) -> None:
    """Else every run would compile everything."""
    root = repository.path
    (root / "a.c").write_text("changed\n")
    os.utime(root / "a.c", ns=(10**18, 10**18))
    refresh(root, workspace)
    (workspace / "build").mkdir()
    (workspace / "build/a.o").write_text("object\n")
    (workspace / "dist").mkdir()
    (workspace / "dist/package").write_text("not ignored\n")

    def times() -> dict[str, int]:
        return {name: (workspace / name).stat().st_mtime_ns for name in [*FILES, "build/a.o"]}

    before = times()
    assert before["a.c"] == 10**18
    refresh(root, workspace)
    assert times() == before
    assert (workspace / "dist/package").exists()
    repository.commit({"src/b.c": "three\n"})
    refresh(root, workspace)
    assert [name for name, time in times().items() if time != before[name]] == ["a.c", "src/b.c"]


def test_scripts_stay_executable(repository: Repository, workspace: Path) -> None:
    repository.commit({"run.sh": "#!/bin/sh\n"})
    refresh(repository.path, workspace)
    assert os.access(workspace / "run.sh", os.X_OK)
    (repository.path / "a.c").chmod(0o755)
    refresh(repository.path, workspace)
    assert os.access(workspace / "a.c", os.X_OK)


def test_files_folders_and_links_that_changed_places(
    repository: Repository, workspace: Path, tmp_path: Path
) -> None:
    root = repository.path
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.c").write_text("outside\n")
    (root / "link").symlink_to(outside)
    repository.commit({"folder/x.c": "x\n"})
    refresh(root, workspace)
    assert (workspace / "link").is_symlink()

    (root / "a.c").unlink()
    (root / "a.c").mkdir()
    (root / "a.c/inner.c").write_text("inner\n")
    (root / "src/b.c").unlink()
    (root / "src").rmdir()
    (root / "src").write_text("a file now\n")
    (root / "link").unlink()
    (root / "link").mkdir()
    (root / "link/x.c").write_text("inside\n")
    (root / "folder/x.c").unlink()
    (root / "folder").rmdir()
    (root / "folder").symlink_to(outside)
    for _ in range(2):
        refresh(root, workspace)
        assert (workspace / "a.c/inner.c").read_text() == "inner\n"
        assert (workspace / "src").read_text() == "a file now\n"
        assert (workspace / "link/x.c").read_text() == "inside\n"
        assert not (workspace / "link").is_symlink()
        assert (workspace / "folder").is_symlink()
        assert (outside / "x.c").read_text() == "outside\n"


def test_a_committed_link_to_elsewhere_is_not_written_through(
    repository: Repository, workspace: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository.path / "data").mkdir()
    (repository.path / "data/x.c").write_text("first\n")
    refresh(repository.path, workspace)
    (outside / "x.c").write_text("theirs\n")
    (repository.path / "data/x.c").unlink()
    (repository.path / "data").rmdir()
    (repository.path / "data").symlink_to(outside)
    repository.commit()
    refresh(repository.path, workspace)
    refresh(repository.path, workspace)
    assert (outside / "x.c").read_text() == "theirs\n"
    assert (workspace / "data/x.c").read_text() == "theirs\n"


def test_submodules_are_carried_over(
    repository: Repository, workspace: Path, tmp_path: Path
) -> None:
    library = make_repository(tmp_path / "library", {"lib.c": "lib\n", "deep/more.c": "more\n"})
    allow = ("-c", "protocol.file.allow=always")
    repository.git(*allow, "submodule", "--quiet", "add", str(library.path), "vendor/lib")
    refresh(repository.path, workspace)
    assert (workspace / "vendor/lib/lib.c").read_text() == "lib\n"
    repository.commit(message="Add a library")
    (repository.path / "vendor/lib/lib.c").write_text("patched\n")
    (repository.path / "vendor/lib/deep/more.c").unlink()
    refresh(repository.path, workspace)
    assert (workspace / "vendor/lib/lib.c").read_text() == "patched\n"
    assert not (workspace / "vendor/lib/deep/more.c").exists()
    time = (workspace / "vendor/lib/lib.c").stat().st_mtime_ns
    refresh(repository.path, workspace)
    assert (workspace / "vendor/lib/lib.c").stat().st_mtime_ns == time


def test_a_shallow_clone(repository: Repository, workspace: Path, tmp_path: Path) -> None:
    repository.commit({"a.c": "later\n"})
    repository.git(
        "clone", "--quiet", "--depth=1", f"file://{repository.path}", str(tmp_path / "s")
    )
    refresh(tmp_path / "s", workspace)
    refresh(tmp_path / "s", workspace)
    assert (workspace / "a.c").read_text() == "later\n"


def test_within_a_git_hook(
    repository: Repository, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook's GIT_DIR would have the user's own working tree checked out anew."""
    monkeypatch.setenv("GIT_DIR", str(repository.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository.path / ".git/index"))
    (repository.path / "a.c").write_text("changed\n")
    refresh(repository.path, workspace)
    assert (repository.path / "a.c").read_text() == "changed\n"
    assert (workspace / "a.c").read_text() == "changed\n"
    assert repository.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_the_working_tree_itself_is_no_workspace(repository: Repository) -> None:
    (repository.path / "a.c").write_text("hours of work\n")
    with pytest.raises(UsageError, match="holds files, and was not made by"):
        refresh(repository.path, repository.path)
    assert (repository.path / "a.c").read_text() == "hours of work\n"
    assert repository.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_folder_with_files_is_no_workspace(repository: Repository, workspace: Path) -> None:
    workspace.mkdir(parents=True)
    (workspace / "letter.txt").write_text("mine\n")
    for _ in range(2):
        with pytest.raises(UsageError, match="Name an empty folder"):
            refresh(repository.path, workspace)
        Repository(workspace).git("init", "--quiet")
    assert (workspace / "letter.txt").read_text() == "mine\n"


@pytest.mark.parametrize("begun", [False, True])
def test_an_empty_folder_is_one(repository: Repository, workspace: Path, begun: bool) -> None:
    """Also where a run was killed right after `git init`."""
    workspace.mkdir(parents=True)
    if begun:
        Repository(workspace).git("init", "--quiet")
    refresh(repository.path, workspace)
    assert read_tree(workspace) == FILES


def test_without_a_commit(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(UsageError, match="no git repository with a commit") as caught:
        refresh(tmp_path, workspace)
    assert "git commit" in caught.value.hint
    Repository(tmp_path).git("init", "--quiet")
    with pytest.raises(UsageError, match="no git repository with a commit"):
        refresh(tmp_path, workspace)
    assert not workspace.exists()


def test_a_folder_of_a_repository(repository: Repository, workspace: Path) -> None:
    with pytest.raises(UsageError, match="the folder src/ of a git repository"):
        refresh(repository.path / "src", workspace)


def test_without_git(
    repository: Repository, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Undecided, match="git is not installed"):
        refresh(repository.path, workspace)


def test_a_workspace_that_cannot_be_made(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Undecided, match="cannot prepare"):
        refresh(repository.path, tmp_path / "file" / "work")


def test_git_s_own_refusal_is_told(repository: Repository, workspace: Path) -> None:
    refresh(repository.path, workspace)
    (workspace / ".git/HEAD").write_text("nonsense\n")
    with pytest.raises(Undecided, match=r"fetch .* failed in"):
        refresh(repository.path, workspace)


def test_every_repository_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_GEN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    one, other = Path("/a/service"), Path("/b/service")
    assert default_workspace(one) == default_workspace(one)
    assert default_workspace(one) != default_workspace(other)
    assert default_workspace(one).parent == tmp_path / "xdg/ci-gen/run"
    assert default_workspace(one).name.startswith("service-")
    monkeypatch.setenv("CI_GEN_CACHE", str(tmp_path / "own"))
    assert default_workspace(one).is_relative_to(tmp_path / "own")
    monkeypatch.delenv("CI_GEN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_workspace(one).is_relative_to(tmp_path / ".cache")
