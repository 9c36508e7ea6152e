"""A registry in a folder: published whole, never changed, pointers that move."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from tests.support.model_registries import AT, STAMP, digest, model, parts, version

from ci_gen_actions.core.errors import ActionError, CannotDecide, ChangedMeanwhile, UsageError
from ci_gen_actions.model_registry import ledger, open_registry, operations
from ci_gen_actions.model_registry.folder import FolderRegistry
from ci_gen_actions.model_registry.operations import promote, rollback


@pytest.fixture
def registry(tmp_path: Path) -> FolderRegistry:
    return FolderRegistry(tmp_path / "models")


def test_the_layout(tmp_path: Path, registry: FolderRegistry) -> None:
    file = model(tmp_path / "in")
    made = registry.publish(version(file, "1.1"))
    promote(registry, "tiny-chat", "1.1", "latest", STAMP)
    folder = tmp_path / "models" / "tiny-chat"
    assert {each.name for each in folder.iterdir()} == {".ci-gen", "v1.1", "latest"}
    assert {each.name for each in (folder / "latest").iterdir()} == {
        *("model.gguf", "metadata.json", "performance_report.json"),
    }
    assert str((folder / "latest").readlink()) == "v1.1"
    assert (folder / "v1.1/model.gguf").read_bytes() == file.read_bytes()
    assert made.reference == (folder / "v1.1").as_uri()
    assert json.loads((folder / "v1.1/metadata.json").read_text())["checksum"] == digest(file)
    assert registry.problems("tiny-chat") == ()
    assert list((folder / ".ci-gen/staging").iterdir()) == []


def test_resolve(tmp_path: Path, registry: FolderRegistry) -> None:
    file = model(tmp_path / "in")
    registry.publish(version(file, "1.0"))
    promote(registry, "tiny-chat", "v1.0", "production", STAMP)
    for wanted in ("1.0", "v1.0", "production"):
        found = registry.resolve("tiny-chat", wanted)
        assert (found.version, found.metadata.version) == ("1.0", "1.0")
        assert [each.name for each in found.files] == ["model.gguf"]
        assert f"sha256:{found.files[0].sha256}" == digest(file)
        assert found.files[0].size == file.stat().st_size
        assert found.files[0].url == (registry.root / "tiny-chat/v1.0/model.gguf").as_uri()
    assert found.pointer == "production"


def test_a_folder_is_named_in_several_ways(tmp_path: Path) -> None:
    FolderRegistry(tmp_path / "my models").publish(version(model(tmp_path / "in")))
    for location in (
        str(tmp_path / "my models"),
        "my models",
        f"file://{tmp_path}/my%20models",
        f"file:{tmp_path}/my models",
    ):
        found = open_registry(location, base=tmp_path)
        assert [each.version for each in found.versions("tiny-chat")] == ["1.0"]


@pytest.mark.parametrize(
    ("location", "what"),
    [
        ("", "no registry is named"),
        ("s3://bucket/models", "no registry of models"),
        ("https://example.com", "no registry of models"),
        ("file://other/models", "another machine"),
        ("a-file", "is no folder"),
    ],
)
def test_what_is_no_registry(tmp_path: Path, location: str, what: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(UsageError, match=what):
        open_registry(location, base=tmp_path)


def test_a_split_model_keeps_its_endings(tmp_path: Path, registry: FolderRegistry) -> None:
    files = parts(tmp_path / "in", 3)
    registry.publish(version(files[0]))
    found = registry.resolve("tiny-chat", "1.0")
    assert [each.name for each in found.files] == [
        f"model-0000{place}-of-00003.gguf" for place in (1, 2, 3)
    ]
    assert [f"sha256:{each.sha256}" for each in found.files] == [digest(each) for each in files]
    assert registry.problems("tiny-chat") == ()


def test_what_is_not_there(tmp_path: Path, registry: FolderRegistry) -> None:
    with pytest.raises(UsageError, match="there is no model tiny-chat") as caught:
        registry.resolve("tiny-chat", "latest")
    assert "the registry is empty" in str(caught.value)
    registry.publish(version(model(tmp_path / "in")))
    with pytest.raises(UsageError, match="did you mean tiny-chat"):
        registry.resolve("tiny-chap", "latest")
    with pytest.raises(UsageError, match="there is no latest of tiny-chat") as caught:
        registry.resolve("tiny-chat", "latest")
    assert "model promote tiny-chat@VERSION --to latest" in str(caught.value)
    with pytest.raises(UsageError, match=r"there is no 2\.0 of tiny-chat"):
        registry.resolve("tiny-chat", "2.0")
    assert not (registry.root / "tiny-chap").exists()


def test_a_version_never_changes(tmp_path: Path, registry: FolderRegistry) -> None:
    first = registry.publish(version(model(tmp_path / "in")))
    again = registry.publish(version(model(tmp_path / "in"), at="2027-01-01T00:00:00Z"))
    assert not first.already
    assert again.already
    assert again.row == first.row
    with pytest.raises(ChangedMeanwhile, match="is there already, with another model") as caught:
        registry.publish(version(model(tmp_path / "in", "other")))
    assert caught.value.exit_status == 4
    assert registry.problems("tiny-chat") == ()
    assert [each.created_at for each in registry.versions("tiny-chat")] == [AT]


def test_a_pointer_moves_from_what_was_expected(tmp_path: Path, registry: FolderRegistry) -> None:
    for number in ("1.0", "1.1"):
        registry.publish(version(model(tmp_path / "in", number), number))
    promote(registry, "tiny-chat", "1.0", "latest", STAMP, expected="")
    with pytest.raises(ChangedMeanwhile, match="latest of tiny-chat was not moved") as caught:
        promote(registry, "tiny-chat", "1.1", "latest", STAMP, expected="")
    assert "expected to name nothing and names 1.0" in str(caught.value)
    promote(registry, "tiny-chat", "1.1", "latest", STAMP, expected="1.0")
    move = rollback(registry, "tiny-chat", "latest", STAMP)
    assert (move.before, move.version) == ("1.1", "1.0")
    assert registry.pointers("tiny-chat") == {"latest": "1.0"}
    with pytest.raises(UsageError, match="nothing to go back to"):
        rollback(registry, "tiny-chat", "latest", STAMP)
    assert [each.kind for each in registry.history("tiny-chat")] == [
        *("promote", "promote", "rollback"),
    ]


def test_a_stage_takes_what_another_names(tmp_path: Path, registry: FolderRegistry) -> None:
    registry.publish(version(model(tmp_path / "in")))
    promote(registry, "tiny-chat", "1.0", "staging", STAMP)
    assert promote(registry, "tiny-chat", "staging", "production", STAMP).version == "1.0"
    again = promote(registry, "tiny-chat", "staging", "production", STAMP)
    assert again.before == again.version
    assert len(registry.history("tiny-chat")) == 2


def test_each_damage_is_named(tmp_path: Path, registry: FolderRegistry) -> None:
    for number in ("1.0", "1.1", "1.2", "1.3", "1.4"):
        registry.publish(version(model(tmp_path / "in", number), number))
    folder = registry.root / "tiny-chat"
    for each in folder.rglob("*"):
        if each.is_file():
            each.chmod(0o644)
    data = bytearray((folder / "v1.0/model.gguf").read_bytes())
    data[-1] ^= 1
    (folder / "v1.0/model.gguf").write_bytes(data)
    (folder / "v1.1/metadata.json").write_text("{}")
    (folder / "v1.2/model.gguf").unlink()
    (folder / "v1.2/extra").touch()
    (folder / "v1.3").rename(tmp_path / "elsewhere")
    (folder / "v1.4/performance_report.json").write_text("")
    (folder / "latest").symlink_to("../../etc")
    (folder / "production").symlink_to("v9")
    told = "\n".join(str(each) for each in registry.problems("tiny-chat"))
    for expected in (
        "tiny-chat 1.0 model.gguf: it is sha256:",
        "tiny-chat 1.1 metadata.json: it is sha256:",
        "tiny-chat 1.1 metadata.json: schema is missing",
        "tiny-chat 1.2 model.gguf: it is missing",
        "tiny-chat 1.2 extra: it was not published with this version",
        "tiny-chat 1.3: it was published and its folder is gone",
        "tiny-chat 1.4 performance_report.json: it has 0 bytes",
        "tiny-chat latest: it leads to '../../etc', which is no version",
        "tiny-chat production: it names 9, which is not there",
    ):
        assert expected in told
    for wanted, what in (
        ("1.1", "metadata.json"),
        ("1.2", "model.gguf is missing"),
        ("1.3", "metadata.json is missing"),
        ("latest", "no version"),
    ):
        with pytest.raises(CannotDecide, match="is damaged") as caught:
            registry.resolve("tiny-chat", wanted)
        assert what in str(caught.value)


def test_a_stopped_writer_is_found_and_cleaned_up_after(
    tmp_path: Path, registry: FolderRegistry
) -> None:
    registry.publish(version(model(tmp_path / "in")))
    staging = registry.root / "tiny-chat/.ci-gen/staging"
    (staging / "1.1.abc").mkdir()
    (staging / "1.1.abc/model.gguf").write_bytes(b"half")
    (staging / "1.1.abc.lock").touch()
    told = registry.problems("tiny-chat")
    assert [each.file for each in told] == [
        *(".ci-gen/staging/1.1.abc", ".ci-gen/staging/1.1.abc.lock"),
    ]
    assert all(each.note for each in told)
    assert len(registry.clean(dry_run=True)) == 2
    assert (staging / "1.1.abc").exists()
    assert len(registry.clean(dry_run=False)) == 2
    assert list(staging.iterdir()) == []
    assert registry.problems("tiny-chat") == ()


def test_a_version_of_a_writer_that_was_stopped_before_it_was_recorded(
    tmp_path: Path, registry: FolderRegistry
) -> None:
    registry.publish(version(model(tmp_path / "in")))
    (registry.root / "tiny-chat/.ci-gen/versions.jsonl").write_text('{"version": "1.')
    assert [each.version for each in registry.versions("tiny-chat")] == ["1.0"]
    assert registry.resolve("tiny-chat", "1.0").version == "1.0"
    assert "a stopped writer has not recorded it" in str(registry.problems("tiny-chat")[0])
    assert registry.publish(version(model(tmp_path / "in"))).already
    notes = registry.problems("tiny-chat")
    assert [str(each) for each in notes] == [
        "tiny-chat .ci-gen/versions.jsonl: line 1 is half a line"
    ]
    assert registry.clean(dry_run=False) == notes
    assert registry.problems("tiny-chat") == ()
    with pytest.raises(ChangedMeanwhile):
        registry.publish(version(model(tmp_path / "in", "other")))


def test_cleaning_ends_what_was_begun(tmp_path: Path, registry: FolderRegistry) -> None:
    for number in ("1.0", "1.1", "1.2"):
        registry.publish(version(model(tmp_path / "in", number), number))
    records = registry.root / "tiny-chat/.ci-gen/versions.jsonl"
    rows = records.read_text().splitlines(keepends=True)
    (registry.root / "tiny-chat/v1.2/model.gguf").chmod(0o644)
    (registry.root / "tiny-chat/v1.2/model.gguf").write_bytes(b"")
    # 1.0 was to be removed, 1.1 and 1.2 were not recorded, and 1.2 is damaged besides.
    records.write_text(rows[0] + ledger.removal("1.0", AT))
    assert [each.version for each in registry.versions("tiny-chat")] == ["1.1", "1.2"]
    told = registry.clean(dry_run=True)
    assert [str(each) for each in told] == [
        "tiny-chat 1.0: it was not removed whole",
        "tiny-chat 1.1: it is whole and was not recorded",
    ]
    assert registry.clean(dry_run=False) == told
    assert not (registry.root / "tiny-chat/v1.0").exists()
    assert registry.clean(dry_run=True) == ()
    damage = [str(each) for each in registry.problems("tiny-chat") if not each.note]
    assert damage == ["tiny-chat 1.2 model.gguf: it has 0 bytes, published were 832"]


def test_removal_spares_what_is_named(tmp_path: Path, registry: FolderRegistry) -> None:
    for number in ("1.0", "1.1", "1.2"):
        registry.publish(version(model(tmp_path / "in", number), number))
    promote(registry, "tiny-chat", "1.0", "latest", STAMP)
    promote(registry, "tiny-chat", "1.1", "latest", STAMP)
    assert registry.remove("tiny-chat", ["1.0", "1.1", "1.2"], AT) == ("1.2",)
    assert [each.version for each in registry.versions("tiny-chat")] == ["1.0", "1.1"]
    assert registry.problems("tiny-chat") == ()
    with pytest.raises(ChangedMeanwhile, match="with another model"):
        registry.publish(version(model(tmp_path / "in", "other"), "1.2"))
    assert not registry.publish(version(model(tmp_path / "in", "1.2"), "1.2")).already
    assert registry.problems("tiny-chat") == ()


def test_a_source_that_changes_while_it_is_published(
    tmp_path: Path, registry: FolderRegistry
) -> None:
    file = model(tmp_path / "in")
    made = version(file)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(CannotDecide, match="is not the file that it was"):
        registry.publish(made)
    assert registry.models() == ()
    assert list((registry.root / "tiny-chat/.ci-gen/staging").iterdir()) == []


def test_a_full_disk(
    tmp_path: Path, registry: FolderRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = version(model(tmp_path / "in"))
    monkeypatch.setattr(
        "ci_gen_actions.model_registry.staging.shutil.disk_usage",
        lambda _: type("Usage", (), {"free": 0})(),
    )
    with pytest.raises(CannotDecide, match="no room for the model"):
        registry.publish(made)
    monkeypatch.undo()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ci_gen_actions.model_registry.staging.copy", full)
    with pytest.raises(OSError, match="No space"):
        registry.publish(made)
    assert registry.models() == ()
    assert list((registry.root / "tiny-chat/.ci-gen/staging").iterdir()) == []


def test_nothing_is_created_by_looking(tmp_path: Path, registry: FolderRegistry) -> None:
    assert registry.models() == ()
    assert registry.versions("tiny-chat") == ()
    assert dict(registry.pointers("tiny-chat")) == {}
    assert registry.clean(dry_run=False) == ()
    assert not registry.root.exists()


def test_a_folder_in_the_way_of_a_pointer(tmp_path: Path, registry: FolderRegistry) -> None:
    registry.publish(version(model(tmp_path / "in")))
    (registry.root / "tiny-chat/latest").mkdir()
    with pytest.raises(ActionError, match="is no pointer"):
        promote(registry, "tiny-chat", "1.0", "latest", STAMP)


def test_names_with_a_version() -> None:
    assert operations.split_name("registry://a@1.0") == ("a", "1.0")
    assert operations.split_name("a@latest") == ("a", "latest")
    assert operations.split_name("a") == ("a", "")
    for text in ("a@", "@1", "a@../b", "a/b@1"):
        with pytest.raises(UsageError):
            operations.split_name(text)
