"""A system that refuses: a full disk, a folder without write permission."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.generator.write.repo import CI, TEXTS, put, run, tree

from ci_gen.errors import Undecided

NEW = {path: f"{text}# {'x' * 5000}\n" for path, text in TEXTS.items()} | {"new/file": "1\n"}


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, step: int, number: int) -> list[int]:
    """Let the `step`-th call of `name` and all later ones fail; counts the calls."""
    call = getattr(os, name)
    count = [0]

    def refusing(*arguments: Any, **named: Any) -> Any:
        count[0] += 1
        if count[0] >= step:
            raise OSError(number, os.strerror(number))
        return call(*arguments, **named)

    monkeypatch.setattr(os, name, refusing)
    return count


@pytest.mark.parametrize(("name", "least"), [("write", 10), ("fsync", 10)])
def test_a_disk_full_at_any_step_leaves_everything_old(
    memory: Path, monkeypatch: pytest.MonkeyPatch, name: str, least: int
) -> None:
    untouched = 0
    for step in range(1, 100):
        root = memory / str(step)
        root.mkdir()
        run(root)
        before = tree(root)
        with monkeypatch.context() as patch:
            count = refuse(patch, name, step, errno.ENOSPC)
            try:
                run(root, NEW, config="b")
                break
            except Undecided as error:
                assert count[0] >= step
                assert error.exit_status == 3
                assert "disk is full" in error.message
                hint = error.hint
        if hint == "Nothing was changed.":
            assert tree(root) == before, step
            untouched += 1
        else:
            assert name == "fsync", step
        run(root, NEW, config="b")
        assert {path: (root / path).read_text() for path in NEW} == NEW
    assert untouched >= least


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k,nr_inodes=200", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode != 0:
        pytest.skip("no permission to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    """Every amount of free space, page by page, from none to enough."""
    root = small_disk / "repo"
    root.mkdir()
    run(root)
    before = tree(root)
    page = os.statvfs(root).f_frsize
    filler = small_disk / "filler"
    refused = 0
    for free in range(100):
        filler.unlink(missing_ok=True)
        room = os.statvfs(root).f_bavail
        filler.write_bytes(b"x" * page * max(room - free, 0))
        try:
            done = run(root, NEW, config="b")
        except Undecided as error:
            refused += 1
            assert "the disk is full" in error.message
            assert error.hint == "Nothing was changed."
            assert tree(root) == before, free
        else:
            assert done.exit_status == 0
            break
    assert refused > 5
    assert {path: (root / path).read_text() for path in NEW} == NEW


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "docs").chmod(0o500)
    before = tree(tmp_path)
    with pytest.raises(Undecided, match="docs"):
        run(tmp_path, NEW)
    assert tree(tmp_path) == before
    (tmp_path / "docs").chmod(0o700)


def test_a_write_refused_for_another_reason_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    before = tree(tmp_path)
    mkdir = os.mkdir

    def read_only(path: str, *arguments: int) -> None:
        if str(path).endswith("new"):
            raise PermissionError(errno.EROFS, "Read-only file system", path)
        mkdir(path, *arguments)

    monkeypatch.setattr(os, "mkdir", read_only)
    with pytest.raises(Undecided, match="new: Read-only file system"):
        run(tmp_path, NEW)
    assert tree(tmp_path) == before


def test_a_rename_that_is_refused_is_finished_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    for step in range(2, 6):
        with monkeypatch.context() as patch:
            refuse(patch, "replace", step, errno.EIO)
            with pytest.raises(Undecided, match="cannot write") as caught:
                run(tmp_path, NEW, config="b")
        assert "ci-gen generate" in caught.value.hint
        assert (tmp_path / ".ci-gen/pending.json").exists()
    assert "interrupted" in run(tmp_path, NEW, config="b").notes[0]
    assert {path: (tmp_path / path).read_text() for path in NEW} == NEW
    assert not [path for path in tree(tmp_path) if ".ci-gen-tmp-" in path or "pending" in path]


def test_something_in_the_way_of_a_record_is_named(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, f".ci-gen/conflicts/{CI}/x", "")
    put(tmp_path, CI, TEXTS[CI].replace("build", "mine"))
    with pytest.raises(Undecided, match="is a folder"):
        run(tmp_path, {**TEXTS, CI: TEXTS[CI].replace("build", "other")})
