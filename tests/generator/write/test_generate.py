from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from tests.generator.write.repo import BOT, CI, DOCS, TEXTS, put, rendering, run, statuses, tree

from ci_gen.errors import Drift, UsageError, VersionError
from ci_gen.write.assess import read_lock
from ci_gen.write.generate import generate
from ci_gen.write.root import BACKUP, BASE, CONFLICTS, LOCK

NEW = {**TEXTS, CI: TEXTS[CI].replace("build:\n    runs-on: one", "build:\n    runs-on: two")}
EDITED = TEXTS[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: mine")
BOTH = NEW[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: mine")
CLASH = TEXTS[CI].replace("build:\n    runs-on: one", "build:\n    runs-on: mine")


def test_everything_is_created_and_recorded(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert statuses(done) == dict.fromkeys(TEXTS, "created")
    assert done.exit_status == 0
    for path, text in TEXTS.items():
        assert (tmp_path / path).read_text() == text
        assert (tmp_path / BASE / path).read_text() == text
    assert not (tmp_path / ".ci-gen/pending.json").exists()
    assert "/pending.json" in (tmp_path / ".ci-gen/.gitignore").read_text()


def test_a_second_run_touches_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    before = {path: (tmp_path / path).stat() for path in tree(tmp_path)}
    done = run(tmp_path)
    assert not done.changed
    assert set(statuses(done).values()) == {"unchanged"}
    after = {path: (tmp_path / path).stat() for path in tree(tmp_path)}
    assert {path: (s.st_ino, s.st_mtime_ns) for path, s in after.items()} == {
        path: (s.st_ino, s.st_mtime_ns) for path, s in before.items()
    }


def test_a_changed_text_is_updated_alone(tmp_path: Path) -> None:
    run(tmp_path)
    assert statuses(run(tmp_path, NEW)) == {CI: "updated", DOCS: "unchanged", BOT: "unchanged"}
    assert (tmp_path / CI).read_text() == NEW[CI]


def test_a_deleted_file_comes_back(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / CI).unlink()
    assert statuses(run(tmp_path))[CI] == "created"
    assert (tmp_path / CI).read_text() == TEXTS[CI]


def test_a_hand_edit_is_recorded_then_carried_over(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED)
    assert statuses(run(tmp_path))[CI] == "merged"
    again = run(tmp_path)
    assert statuses(again)[CI] == "unchanged"
    assert not again.changed
    assert statuses(run(tmp_path, NEW))[CI] == "merged"
    assert (tmp_path / CI).read_text() == BOTH
    assert (tmp_path / BASE / CI).read_text() == NEW[CI]
    lock = read_lock(str(tmp_path))
    assert lock
    assert lock.files[CI].edited


def test_a_hand_edit_that_became_the_template_is_one_no_more(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED)
    run(tmp_path)
    assert statuses(run(tmp_path, {**TEXTS, CI: EDITED}))[CI] == "unchanged"
    lock = read_lock(str(tmp_path))
    assert lock
    assert not lock.files[CI].edited


def test_an_edit_taken_back_is_forgotten(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED)
    run(tmp_path)
    put(tmp_path, CI, TEXTS[CI])
    run(tmp_path)
    lock = read_lock(str(tmp_path))
    assert lock
    assert not lock.files[CI].edited


def test_a_conflict_leaves_the_file_and_the_new_text_beside_it(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, CLASH)
    texts = {**NEW, DOCS: "# Other\n"}
    done = run(tmp_path, texts)
    assert statuses(done) == {CI: "conflict", DOCS: "updated", BOT: "unchanged"}
    assert done.exit_status == 4
    assert (tmp_path / CI).read_text() == CLASH
    assert (tmp_path / CONFLICTS / CI).read_text() == NEW[CI]
    assert (tmp_path / DOCS).read_text() == "# Other\n"
    assert json.loads((tmp_path / LOCK).read_text())["inputs"] == ""
    # It stays one, and the base of the hand edit is not lost.
    assert run(tmp_path, texts).exit_status == 4
    assert (tmp_path / BASE / CI).read_text() == TEXTS[CI]


def test_a_conflict_can_be_resolved_by_hand(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, CLASH)
    run(tmp_path, NEW)
    put(tmp_path, CI, resolved := NEW[CI].replace("two", "two # mine"))
    assert statuses(run(tmp_path, NEW))[CI] == "conflict"
    done = run(tmp_path, NEW, keep=(CI,))
    assert done.exit_status == 0
    assert (tmp_path / CI).read_text() == resolved
    assert not (tmp_path / CONFLICTS).exists()
    assert run(tmp_path, NEW).changed is False
    later = {**NEW, CI: NEW[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: two")}
    assert statuses(run(tmp_path, later))[CI] == "merged"
    assert "# mine" in (tmp_path / CI).read_text()


def test_force_takes_the_new_text_and_keeps_a_copy(tmp_path: Path) -> None:
    run(tmp_path)
    for number, name in enumerate(["", ".1"]):
        put(tmp_path, CI, f"{CLASH}# {number}\n")
        done = run(tmp_path, NEW, force=(CI,))
        assert statuses(done)[CI] == "updated"
        assert (tmp_path / CI).read_text() == NEW[CI]
        assert (tmp_path / BACKUP / f"{CI}{name}").read_text() == f"{CLASH}# {number}\n"


def test_a_foreign_file_is_never_overwritten(tmp_path: Path) -> None:
    put(tmp_path, BOT, "mine\n")
    for _ in range(2):
        done = run(tmp_path)
        assert statuses(done)[BOT] == "foreign"
        assert done.exit_status == 4
    assert (tmp_path / BOT).read_text() == "mine\n"
    assert (tmp_path / CI).exists()
    assert run(tmp_path, force=(BOT,)).exit_status == 0
    assert (tmp_path / BOT).read_text() == TEXTS[BOT]
    assert (tmp_path / BACKUP / BOT).read_text() == "mine\n"


def test_a_foreign_file_with_the_very_text_is_adopted(tmp_path: Path) -> None:
    put(tmp_path, BOT, TEXTS[BOT])
    assert statuses(run(tmp_path))[BOT] == "unchanged"
    assert statuses(run(tmp_path, {**TEXTS, BOT: "version: 3\n"}))[BOT] == "updated"


def test_an_orphan_is_removed_with_its_empty_folder(tmp_path: Path) -> None:
    run(tmp_path)
    texts = {CI: TEXTS[CI], BOT: TEXTS[BOT]}
    assert statuses(run(tmp_path, texts))[DOCS] == "removed"
    assert not (tmp_path / "docs").exists()
    assert not (tmp_path / BASE / DOCS).exists()
    assert DOCS not in statuses(run(tmp_path, texts))


def test_a_folder_with_other_files_stays(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, "docs/mine.md", "x")
    run(tmp_path, {CI: TEXTS[CI]})
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["mine.md"]


def test_an_edited_orphan_is_kept_and_said(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, DOCS, "mine\n")
    texts = {CI: TEXTS[CI], BOT: TEXTS[BOT]}
    done = run(tmp_path, texts)
    assert statuses(done)[DOCS] == "kept"
    assert done.exit_status == 0
    assert (tmp_path / DOCS).read_text() == "mine\n"
    assert DOCS not in statuses(run(tmp_path, texts))


def test_an_edited_orphan_goes_by_force(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, DOCS, "mine\n")
    run(tmp_path, {CI: TEXTS[CI]}, force=(DOCS,))
    assert not (tmp_path / DOCS).exists()
    assert (tmp_path / BACKUP / DOCS).read_text() == "mine\n"


def test_an_orphan_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / DOCS).unlink()
    assert statuses(run(tmp_path, {CI: TEXTS[CI]}))[DOCS] == "removed"


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_without_a_proven_base_nothing_is_merged(tmp_path: Path, damage: str) -> None:
    run(tmp_path)
    if damage == "missing":
        (tmp_path / BASE / CI).unlink()
    else:
        put(tmp_path, f"{BASE}/{CI}", EDITED)
    put(tmp_path, CI, EDITED)
    done = run(tmp_path, NEW)
    assert statuses(done)[CI] == "conflict"
    assert (tmp_path / CI).read_text() == EDITED


def test_a_lost_base_is_made_again_while_the_text_is_the_same(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / BASE / CI).unlink()
    put(tmp_path, CI, EDITED)
    assert statuses(run(tmp_path))[CI] == "merged"
    assert (tmp_path / BASE / CI).read_text() == TEXTS[CI]


def test_conflict_markers_in_a_file_are_never_merged(tmp_path: Path) -> None:
    run(tmp_path)
    text = f"<<<<<<< HEAD\n{TEXTS[CI]}=======\nx\n>>>>>>> other\n"
    put(tmp_path, CI, text)
    done = run(tmp_path, NEW)
    assert [one.why for one in done.decisions if one.path == CI] == [
        "it holds git's conflict markers"
    ]
    assert (tmp_path / CI).read_text() == text


def test_line_endings_are_no_edit_and_stay(tmp_path: Path) -> None:
    run(tmp_path)
    for path in (*TEXTS, LOCK, *(f"{BASE}/{name}" for name in TEXTS)):
        file = tmp_path / path
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert set(statuses(run(tmp_path)).values()) == {"unchanged"}
    assert b"\r\n" in (tmp_path / DOCS).read_bytes()
    assert statuses(run(tmp_path, NEW))[CI] == "updated"
    assert (tmp_path / CI).read_bytes() == NEW[CI].replace("\n", "\r\n").encode()


def test_a_hand_edit_that_is_not_utf8_survives(tmp_path: Path) -> None:
    run(tmp_path)
    put(tmp_path, CI, EDITED.encode() + b"# caf\xe9\n")
    run(tmp_path, NEW)
    assert (tmp_path / CI).read_bytes() == BOTH.encode() + b"# caf\xe9\n"


def test_modes_are_kept_and_scripts_born_executable(tmp_path: Path) -> None:
    texts = {**TEXTS, "tools/x.sh": "#!/bin/sh\n"}
    run(tmp_path, texts)
    assert (tmp_path / "tools/x.sh").stat().st_mode & stat.S_IXUSR
    assert not (tmp_path / CI).stat().st_mode & stat.S_IXUSR
    (tmp_path / CI).chmod(0o640)
    run(tmp_path, NEW)
    assert stat.S_IMODE((tmp_path / CI).stat().st_mode) == 0o640


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, dry_run=True).changed
    assert tree(tmp_path) == {}
    run(tmp_path)
    before = tree(tmp_path)
    assert statuses(run(tmp_path, NEW, dry_run=True))[CI] == "updated"
    assert not run(tmp_path, dry_run=True).changed
    assert tree(tmp_path) == before


def test_a_link_within_the_repository_is_written_through(tmp_path: Path) -> None:
    put(tmp_path, "shared/keep", "")
    (tmp_path / "docs").symlink_to("shared")
    run(tmp_path)
    assert (tmp_path / "shared/pipeline.md").read_text() == TEXTS[DOCS]
    assert (tmp_path / "docs").is_symlink()


@pytest.mark.parametrize("kind", ["folder", "file", "dangling"])
def test_a_link_that_leads_out_is_left_alone(tmp_path: Path, kind: str) -> None:
    root, outside = tmp_path / "repo", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    if kind == "folder":
        (root / "docs").symlink_to(outside)
    else:
        (root / "docs").mkdir()
        (root / DOCS).symlink_to(outside / "pipeline.md")
    if kind != "dangling":
        put(outside, "pipeline.md", "theirs\n")
    before = tree(outside)
    done = run(root, force=(DOCS,))
    assert statuses(done) == {CI: "created", BOT: "created", DOCS: "foreign"}
    assert "symbolic link" in next(one.why for one in done.decisions if one.path == DOCS)
    assert tree(outside) == before


def test_an_orphan_behind_a_link_that_leads_out_is_not_removed(tmp_path: Path) -> None:
    root, outside = tmp_path / "repo", tmp_path / "outside"
    root.mkdir()
    run(root)
    (root / "docs").rename(outside)
    (root / "docs").symlink_to(outside)
    assert statuses(run(root, {CI: TEXTS[CI]}))[DOCS] == "kept"
    assert (outside / "pipeline.md").exists()


def test_two_names_of_one_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="are one file"):
        run(tmp_path, {"a/x": "1\n", "b/x": "2\n"})
    assert not (tmp_path / "a/x").exists()


@pytest.mark.parametrize("kind", ["folder", "file-above"])
def test_what_is_in_the_way_is_named(tmp_path: Path, kind: str) -> None:
    put(tmp_path, f"{DOCS}/x" if kind == "folder" else "docs", "mine\n")
    before = tree(tmp_path)
    done = run(tmp_path)
    assert statuses(done)[DOCS] == "foreign"
    assert tree(tmp_path).items() >= before.items()


def test_records_that_lead_out_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (root / ".ci-gen").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match="symbolic link"):
        run(root)
    assert tree(tmp_path / "outside") == {}


def test_a_stray_path_stops_everything(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leaves the repository"):
        run(tmp_path, {**TEXTS, "../x": "1\n"})
    assert tree(tmp_path) == {}


def test_a_stray_path_in_the_lock_deletes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    put(tmp_path, "victim", TEXTS[DOCS])
    run(root := root)
    lock = (root / LOCK).read_text()
    (root / LOCK).write_text(lock.replace(f'"{DOCS}"', '"../victim"'))
    with pytest.raises(UsageError, match="leaves the repository"):
        run(root)
    assert (tmp_path / "victim").exists()


def test_a_choice_must_name_a_generated_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a generated file") as caught:
        run(tmp_path, force=("docs/pipelines.md",))
    assert caught.value.hint == f"Did you mean {DOCS}?"
    with pytest.raises(UsageError, match="both"):
        run(tmp_path, force=(DOCS,), keep=(DOCS,))


def test_a_newer_lock_stops_everything(tmp_path: Path) -> None:
    run(tmp_path)
    lock = (tmp_path / LOCK).read_text()
    (tmp_path / LOCK).write_text(lock.replace('"ci_gen": "', '"ci_gen": "9'))
    before = tree(tmp_path)
    with pytest.raises(VersionError):
        run(tmp_path, NEW)
    assert tree(tmp_path) == before


def test_an_upgrade_is_said(tmp_path: Path) -> None:
    run(tmp_path)
    lock = (tmp_path / LOCK).read_text()
    (tmp_path / LOCK).write_text(lock.replace('"ci_gen": "0.1.0"', '"ci_gen": "0.0.1"'))
    assert run(tmp_path).notes == ("ci-gen was upgraded from 0.0.1 to 0.1.0",)
    assert run(tmp_path).notes == ()


def test_a_file_changed_meanwhile_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes the file after ci-gen has read it, while it stages its own."""
    run(tmp_path)
    sync = os.fsync

    def meddle(handle: int) -> None:
        put(tmp_path, CI, "mine\n")
        sync(handle)

    monkeypatch.setattr(os, "fsync", meddle)
    with pytest.raises(Drift, match="another program"):
        run(tmp_path, NEW)
    monkeypatch.undo()
    expected = {**tree(tmp_path), CI: b"mine\n"}
    assert not [path for path in expected if ".ci-gen-tmp-" in path or "pending" in path]
    assert (tmp_path / BASE / CI).read_text() == TEXTS[CI]


def test_what_is_rendered_is_read_under_the_lock(tmp_path: Path) -> None:
    """The config must not be read before another run has ended."""
    from ci_gen.write.guard import is_held

    (tmp_path / ".ci-gen").mkdir()
    held = []

    def render():  # type: ignore[no-untyped-def]
        held.append(is_held(str(tmp_path)))
        return rendering()

    generate(str(tmp_path), render)
    assert held == [True]
    assert not is_held(str(tmp_path))
