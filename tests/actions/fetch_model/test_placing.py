from __future__ import annotations

import os
from pathlib import Path

import pytest

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.fetch_model.placing import place


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "cache" / "model.gguf"
    path.parent.mkdir()
    path.write_bytes(b"model")
    path.chmod(0o444)
    return path


def test_a_hard_link(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "models" / "m.gguf"
    assert place(model, target, "link") == "hard"
    assert target.samefile(model)
    assert not target.is_symlink()
    assert place(model, target, "link") == "hard"
    assert [each.name for each in target.parent.iterdir()] == ["m.gguf"]


def test_a_symbolic_link_where_no_hard_one_can_be(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "m.gguf"
    assert place(model, target, "link") == "symbolic"
    assert target.is_symlink()
    assert target.read_bytes() == b"model"


def test_a_copy(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.gguf"
    assert place(model, target, "copy") == "copy"
    assert not target.samefile(model)
    assert target.stat().st_mode & 0o777 == 0o444
    assert place(model, target, "copy") == "copy"
    assert place(model, target, "link") == "hard"


def test_what_is_not_ours_is_not_replaced(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.gguf"
    target.write_text("mine")
    with pytest.raises(UsageError, match="there is another file"):
        place(model, target, "link")
    assert target.read_text() == "mine"
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        place(model, folder, "link")


def test_a_link_that_leads_nowhere_is_replaced(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.gguf"
    target.symlink_to(tmp_path / "gone")
    assert place(model, target, "link") == "hard"


def test_no_room_for_a_copy(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ci_gen_actions.fetch_model.placing.shutil.disk_usage",
        lambda _: type("Usage", (), {"free": 4}),
    )
    with pytest.raises(CannotDecide, match="no room for a copy"):
        place(model, tmp_path / "m.gguf", "copy")
    assert list(tmp_path.glob("*.gguf")) == []
