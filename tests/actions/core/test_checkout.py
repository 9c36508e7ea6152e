from __future__ import annotations

from pathlib import Path

from tests.support.action_runs import commit

from ci_gen_actions.core.checkout import Head, epoch, head, tracked


def repository(folder: Path) -> Path:
    (folder / "app").mkdir(parents=True)
    (folder / "app/a b.txt").write_text("x")
    (folder / "é.txt").write_text("x")
    commit(folder)
    return folder


def test_head(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    found = head(top / "app", top)
    assert (len(found.commit), found.dirty, found.time) == (40, False, 1704164645)
    assert found.digest == found.commit
    (top / "app/untracked").touch()
    assert head(top / "app", top) == found
    (top / "é.txt").write_text("y")
    assert head(top / "app", top).dirty is True
    assert head(top / "app", top).digest == f"{found.commit}-dirty"


def test_what_no_commit_describes(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    (top / "ignored").mkdir()
    (top / "ignored/x").touch()
    assert head(top / "ignored", top) == Head()
    assert head(tmp_path, tmp_path) == Head()
    assert head(tmp_path / "none", tmp_path) == Head()
    assert Head().digest == ""


def test_tracked(tmp_path: Path) -> None:
    top = repository(tmp_path / "r")
    assert tracked(top, top) == ["app/a b.txt", "é.txt"]
    assert tracked(top / "app", top) == ["a b.txt"]
    assert tracked(tmp_path, tmp_path) == []


def test_epoch() -> None:
    assert epoch({"SOURCE_DATE_EPOCH": "5"}, Head(time=7)) == 5
    assert epoch({"SOURCE_DATE_EPOCH": "x"}, Head(time=7)) == 7
    assert epoch({}, Head()) == 0
