from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.gguf_files import (
    ARRAY,
    BOOL,
    F32,
    F64,
    I8,
    I64,
    TEXT,
    U8,
    U32,
    U64,
    File,
    Made,
    array,
    pair,
    text,
    tiny,
)
from tests.support.gguf_mutation import mutants

from ci_gen_actions.gguf_file import Array, BadModel, LongText, facts, limits, read


def write(folder: Path, data: bytes) -> Path:
    path = folder / "model.gguf"
    path.write_bytes(data)
    return path


def refused(folder: Path, data: bytes) -> str:
    with pytest.raises(BadModel) as caught:
        read(write(folder, data))
    assert caught.value.exit_status == 3
    assert caught.value.next
    return caught.value.why


def test_what_a_file_holds(tmp_path: Path) -> None:
    data = tiny(
        pair("a.flag", BOOL, True),
        pair("a.small", I8, -3),
        pair("a.large", U64, 2**64 - 1),
        pair("a.negative", I64, -(2**63)),
        pair("a.real", F64, 0.5),
        pair("a.numbers", ARRAY, array(F32, range(100))),
    )
    found = read(write(tmp_path, data))
    assert found.version == 3
    assert found.size == len(data)
    assert found.text("general.name") == "tiny"
    assert found.metadata["a.flag"] is True
    assert found.number("a.flag") is None
    assert found.number("a.small") == -3
    assert found.number("a.large") == 2**64 - 1
    assert found.number("a.negative") == -(2**63)
    assert found.metadata["a.real"] == 0.5
    assert found.metadata["tokenizer.ggml.tokens"] == Array("string", 3, ("a", "b", "c"))
    numbers = found.metadata["a.numbers"]
    assert isinstance(numbers, Array)
    assert (numbers.kind, numbers.count, len(numbers.head)) == ("float32", 100, 64)
    assert [(each.name, each.shape, each.size) for each in found.tensors] == [
        ("token_embd.weight", (32, 2), 68),
        ("output_norm.weight", (32,), 128),
    ]
    assert found.data_offset % found.alignment == 0


def test_version_two_is_read(tmp_path: Path) -> None:
    assert read(write(tmp_path, tiny(version=2))).version == 2


def test_another_alignment_is_kept(tmp_path: Path) -> None:
    made = {"a": Made((3,), 0, bytes(12)), "b": Made((1,), 0, bytes(4))}
    found = read(
        write(tmp_path, File((pair("general.alignment", U32, 8),), made, alignment=8).encode())
    )
    assert found.alignment == 8
    assert [each.offset for each in found.tensors] == [0, 16]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"GG", "begins with"),
        (b"<!DOCTYPE html>" + bytes(64), "begins with"),
        (File(magic=b"lmgg").encode(), "begins with"),
        (File(version=1).encode(), "version 1;"),
        (File(version=4).encode(), "version 4;"),
        (File(version=3 << 24).encode(), "big-endian"),
        (b"GGUF\x03\0\0\0", "needs 8 bytes"),
        (File(tensor_count=2**63).encode(), "number of tensors is 9,223"),
        (File(key_count=2**64 - 1).encode(), "number of metadata keys is 18,446"),
        (File(tensor_count=30_000).encode(), "can hold"),
        (File(key_count=16_000).encode(), "can hold"),
        (File((pair("a", U32, 1), pair("a", U32, 1))).encode(), "'a' is there twice"),
        (File((pair("", U32, 1),)).encode(), "has 0 bytes"),
        (File((text(b"\xff\xfe") + struct.pack("<II", U32, 1),)).encode(), "not UTF-8"),
        (File((pair("a\0b", U32, 1),)).encode(), "zero byte"),
        (File((pair("a", 13, b"\0"),)).encode(), "unknown type 13"),
        (File((pair("a", TEXT, struct.pack("<Q", 2**63)),)).encode(), "are read"),
        (File((pair("a", TEXT, struct.pack("<Q", 2**26)),)).encode(), "needs 67,108,864 bytes"),
        (
            File((pair("a", ARRAY, struct.pack("<IQIQ", ARRAY, 1, ARRAY, 1)),)).encode(),
            "array of arrays",
        ),
        (File((pair("a", ARRAY, struct.pack("<IQ", 99, 1)),)).encode(), "items of unknown type 99"),
        (File((pair("a", ARRAY, struct.pack("<IQ", U8, 2**62)),)).encode(), "are read"),
        (File((pair("a", ARRAY, struct.pack("<IQ", TEXT, 2**22)),)).encode(), "can hold"),
        (File((pair("general.alignment", U32, 24),)).encode(), "power of two"),
        (File((pair("general.alignment", U32, 0),)).encode(), "power of two"),
        (File((pair("general.alignment", U64, 32),)).encode(), "must be uint32"),
        (File(tensors={"x" * 64: Made((1,), 0, bytes(4))}).encode(), "64 bytes"),
        (File(tensors={"a": Made((1,) * 5, 0, bytes(4))}).encode(), "5 dimensions"),
        (File(tensors={"a": Made((0, 4), 0)}).encode(), "is empty"),
        (File(tensors={"a": Made((2**62, 2, 2), 0)}).encode(), "64 bits"),
        (File(tensors={"a": Made((2**40,), 0, bytes(4))}).encode(), "ends at byte"),
        (File(tensors={"a": Made((1,), 4, bytes(4))}).encode(), "no longer reads"),
        (
            File(tensors={"a": Made((31,), 8, bytes(34))}).encode(),
            "no multiple of Q8_0's block of 32",
        ),
        (File(tensors={"a": Made((1,), 0, bytes(4), 32)}).encode(), "should lie at 0"),
        (File(tensors={"a": Made((1,), 0, bytes(4), 2**64 - 1)}).encode(), "should lie at 0"),
        (
            File(
                tensors={"a": Made((64,), 0, bytes(256)), "b": Made((1,), 0, bytes(4), 32)}
            ).encode(),
            "should lie at 256",
        ),
    ],
)
def test_refused(tmp_path: Path, data: bytes, why: str) -> None:
    assert why in refused(tmp_path, data)


def test_two_tensors_of_one_name_are_refused(tmp_path: Path) -> None:
    data = File(tensors={"aa": Made((1,), 0, bytes(4)), "ab": Made((1,), 0, bytes(4))}).encode()
    assert "there twice" in refused(tmp_path, data.replace(text("ab"), text("aa")))


def test_every_cut_of_a_sound_file_is_refused(tmp_path: Path) -> None:
    data = tiny()
    path = write(tmp_path, data)
    for length in reversed(range(len(data))):  # the last tensor fills its aligned place
        os.truncate(path, length)
        with pytest.raises(BadModel):
            read(path)


def test_a_type_from_the_future_is_read_and_told(tmp_path: Path) -> None:
    made = {"a": Made((32,), 77, bytes(40)), "b": Made((1,), 0, bytes(4))}
    found = read(write(tmp_path, File(tensors=made).encode()))
    assert found.unknown_types == (77,)
    assert found.tensors[0].size is None
    overlapping = {**made, "b": Made((1,), 0, bytes(4), 0)}
    assert "should lie after 0" in refused(tmp_path, File(tensors=overlapping).encode())


def test_a_very_long_text_is_passed_over(tmp_path: Path) -> None:
    data = tiny(pair("tokenizer.huggingface.json", TEXT, "x" * (limits.KEPT_TEXT_BYTES + 1)))
    found = read(write(tmp_path, data))
    assert found.metadata["tokenizer.huggingface.json"] == LongText(limits.KEPT_TEXT_BYTES + 1)
    assert found.text("tokenizer.huggingface.json") == ""


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(BadModel, match="no sound GGUF model"):
        read(path)


def test_messages_hold_no_control_characters(tmp_path: Path) -> None:
    why = refused(tmp_path, File((pair("\x1b[31m\n::error::", 99, b""),)).encode())
    assert why.isprintable()


def test_mutated_headers_are_refused_or_read(tmp_path: Path) -> None:
    path = tmp_path / "mutant.gguf"
    outcomes = {"read": 0, "refused": 0}
    for data in mutants(random.Random(1), 1000):
        path.write_bytes(data)
        try:
            facts(read(path))
            outcomes["read"] += 1
        except BadModel as error:
            assert str(error).replace("\n", "").isprintable()
            outcomes["refused"] += 1
    assert outcomes["refused"] > 300
    assert outcomes["read"] > 50


_BOMBS = r"""
import re, sys
from pathlib import Path
from ci_gen_actions.gguf_file import BadModel, facts, read

def peak():
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])

before = peak()
for name in sys.argv[1:]:
    try:
        facts(read(Path(name)))
        print("read", name)
    except BadModel as error:
        print("refused", name, error.why)
print(peak() - before)
"""


def test_the_largest_headers_need_less_than_64_mib(tmp_path: Path) -> None:
    wide = "\U0001f600" * 250_000
    keys = [pair(f"key.{n:05}", U8, 1) for n in range(limits.KEYS)]
    bombs = {
        "texts": File((pair("t", ARRAY, array(TEXT, ["x"] * 1_000_000)),)).encode(),
        "keys": File(tuple(keys)).encode(),
        "too wide": File(tuple(pair(f"w{n}", TEXT, wide) for n in range(7))).encode(),
        "heads": File(
            tuple(pair(f"a{n}", ARRAY, array(U8, bytes(64))) for n in range(limits.KEYS))
        ).encode(),
        "all": _with_most_tensors(
            keys[:-3] + [pair(f"w{n}", TEXT, wide) for n in range(3)], name="{:0>50}"
        ),
    }
    for name, data in bombs.items():
        (tmp_path / name).write_bytes(data)
    library = Path(sys.modules["ci_gen_actions"].__file__ or "").parents[1]
    done = subprocess.run(
        [sys.executable, "-c", _BOMBS, *(str(tmp_path / name) for name in bombs)],
        env={"PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, grown = done.stdout.splitlines()
    outcomes = [each.split()[0] for each in lines]
    assert outcomes == ["read", "read", "refused", "refused", "read"], lines
    assert 0 < int(grown) < 64 * 1024


def _with_most_tensors(keys: list[bytes], name: str) -> bytes:
    """As File.encode, without moving all data for each tensor."""
    count = limits.TENSORS
    head = struct.pack("<4sIQQ", b"GGUF", 3, count, len(keys)) + b"".join(keys)
    head += b"".join(
        text(name.format(number)) + struct.pack("<IQIQ", 1, 1, 24, 32 * number)
        for number in range(count)
    )
    return head + bytes(-len(head) % 32) + bytes(32 * count)
