"""What differs between versions, and which of them may go."""

from __future__ import annotations

from pathlib import Path

from tests.support.gguf_files import TEXT, U32, File, Made, array, pair
from tests.support.model_registries import AT, STAMP, model, version

from ci_gen_actions.gguf_file import read
from ci_gen_actions.model_registry.difference import difference, told
from ci_gen_actions.model_registry.folder import FolderRegistry
from ci_gen_actions.model_registry.headers import FIRST, headers
from ci_gen_actions.model_registry.history import PROMOTE, Move
from ci_gen_actions.model_registry.ledger import Row
from ci_gen_actions.model_registry.operations import promote
from ci_gen_actions.model_registry.registry import Draft
from ci_gen_actions.model_registry.retention import DAY, Policy, removable


def made(folder: Path, number: str, *, kind: int, template: str, more: bool = False) -> Draft:
    keys = (
        pair("general.architecture", TEXT, "llama"),
        pair("general.file_type", U32, 7 if kind == 8 else 0),
        pair("tokenizer.chat_template", TEXT, template),
        pair("tokenizer.ggml.tokens", 9, array(TEXT, ["a", "b"])),
    )
    data = bytes(34) if kind == 8 else bytes(128)
    tensors = {
        **{f"blk.{layer}.weight": Made((32,), kind, data) for layer in range(5)},
        **({"extra": Made((4, 8), 0, bytes(128))} if more else {}),
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"{number}.gguf"
    path.write_bytes(File(keys, tensors).encode())
    return version(path, number)


def test_facts_header_and_tensors(tmp_path: Path) -> None:
    registry = FolderRegistry(tmp_path / "models")
    for each in (
        made(tmp_path / "in", "1.0", kind=0, template="x" * 300 + "a"),
        made(tmp_path / "in", "1.1", kind=8, template="x" * 300 + "b", more=True),
    ):
        registry.publish(each)
    old, new = (registry.resolve("tiny-chat", each) for each in ("1.0", "1.1"))
    changes = difference(old.metadata, new.metadata, headers(registry, old), headers(registry, new))
    found = {(each.part, each.name): (each.before, each.after) for each in changes}
    assert found["facts", "quantization"] == ("F32", "Q8_0")
    assert found["facts", "parameters.count"] == ("160", "192")
    assert found["header", "general.file_type"] == ("0", "7")
    before, after = found["header", "tokenizer.chat_template"]
    assert before != after
    assert "(301 characters, " in before
    assert found["tensors", "extra"] == ("", "F32 4x8")
    assert found["tensors", "blk.0.weight"] == ("F32 32", "Q8_0 32")
    assert ("header", "tokenizer.ggml.tokens") not in found
    text = told(changes)
    assert "     1  - -> F32  (extra)" in text
    assert "     5  F32 -> Q8_0  (blk.0.weight, blk.1.weight, blk.2.weight, ...)" in text
    same = difference(old.metadata, old.metadata, headers(registry, old), headers(registry, old))
    assert same == ()
    assert told(same).startswith("no difference")


def test_of_a_header_no_more_is_read_than_needed(tmp_path: Path) -> None:
    registry = FolderRegistry(tmp_path / "models")
    big = "v" * 900_000
    path = tmp_path / "big.gguf"
    keys = (
        pair("general.architecture", TEXT, "llama"),
        *(pair(f"general.text_{number}", TEXT, big) for number in range(6)),
    )
    tensor = Made((4_000_000,), 0, bytes(16_000_000))
    path.write_bytes(File(keys, {"one": tensor}).encode())
    registry.publish(version(path))
    asked = []
    whole = FolderRegistry.head

    class Counting(FolderRegistry):
        def head(self, version, file, length):  # type: ignore[no-untyped-def]
            asked.append(length)
            return whole(self, version, file, length)

    found = headers(Counting(registry.root), registry.resolve("tiny-chat", "1.0"))
    assert found == (read(path),)
    assert len(asked) > 1
    assert asked[0] == FIRST
    assert asked[-1] < path.stat().st_size


def row(number: str, at: str) -> Row:
    return Row(
        version=number,
        checksum="c",
        metadata="m",
        size=1,
        quantization=None,
        created_at=at,
        created_by=None,
    )


def test_what_may_go() -> None:
    rows = [row(f"1.{day}", f"2026-01-{day + 1:02}T00:00:00Z") for day in range(10)]
    now = 1_768_003_200.0  # 2026-01-10T00:00:00Z
    moves = [
        Move(pointer="latest", kind=PROMOTE, version="1.0", before="", at=AT),
        Move(pointer="latest", kind=PROMOTE, version="1.3", before="1.0", at=AT),
    ]
    going = removable(rows, {"latest": "1.3"}, moves, Policy(keep=2, days=4), now)
    # 1.3 is named, 1.0 was named before it, 1.8 and 1.9 are the newest, 1.5 to 1.7 too young.
    assert [each.version for each in going] == ["1.1", "1.2", "1.4"]
    assert removable(rows, {}, (), Policy(keep=0, days=0), now + DAY) == tuple(rows)
    assert removable(rows, {}, (), Policy(keep=99, days=0), now) == ()


def test_what_a_pointer_names_by_now_stays(tmp_path: Path) -> None:
    registry = FolderRegistry(tmp_path / "models")
    registry.publish(version(model(tmp_path / "in")))
    planned = removable(registry.versions("tiny-chat"), {}, (), Policy(keep=0, days=0), 4e9)
    promote(registry, "tiny-chat", "1.0", "latest", STAMP)
    assert registry.remove("tiny-chat", [each.version for each in planned], AT) == ()
