"""GGUF files written byte by byte, sound ones and such as no tool would write.

    python -m tests.support.gguf_files small.gguf

writes a sound one."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, ARRAY, U64, I64, F64 = range(13)
_CODES = {
    U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q",
    I64: "q", F64: "d",
}  # fmt: skip


def text(value: str | bytes) -> bytes:
    """A text with its length before it."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def number(kind: int, value: Any) -> bytes:
    """A number of a metadata type."""
    return struct.pack(f"<{_CODES[kind]}", value)


def pair(key: str, kind: int, value: Any) -> bytes:
    """A metadata key with its value; bytes are taken as they stand."""
    if isinstance(value, bytes):
        payload = value
    else:
        payload = text(value) if kind == TEXT else number(kind, value)
    return text(key) + struct.pack("<I", kind) + payload


def array(kind: int, values: Iterable[Any]) -> bytes:
    """The payload of an array."""
    items = [text(each) if kind == TEXT else number(kind, each) for each in values]
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


@dataclass(frozen=True)
class Made:
    """One tensor to be written: its ggml type, its bytes, where it says to lie (None: right)."""

    shape: tuple[int, ...]
    kind: int = 0
    data: bytes = b""
    offset: int | None = None


@dataclass(frozen=True)
class File:
    """What is written; `pairs` are complete keys with values. Counts None are the true ones."""

    pairs: tuple[bytes, ...] = ()
    tensors: Mapping[str, Made] = field(default_factory=dict)
    version: int = 3
    alignment: int = 32
    magic: bytes = b"GGUF"
    key_count: int | None = None
    tensor_count: int | None = None

    def encode(self) -> bytes:
        """The file's bytes."""
        keys = len(self.pairs) if self.key_count is None else self.key_count
        tensors = len(self.tensors) if self.tensor_count is None else self.tensor_count
        head = self.magic + struct.pack("<IQQ", self.version, tensors, keys) + b"".join(self.pairs)
        body = b""
        for name, each in self.tensors.items():
            offset = len(body) if each.offset is None else each.offset
            head += text(name) + struct.pack("<I", len(each.shape))
            head += b"".join(struct.pack("<Q", size) for size in each.shape)
            head += struct.pack("<IQ", each.kind, offset)
            body = _padded(body + each.data, self.alignment)
        return _padded(head, self.alignment) + body


def _padded(data: bytes, alignment: int) -> bytes:
    return data + bytes(-len(data) % alignment)


def tiny(*pairs: bytes, name: str = "tiny", version: int = 3) -> bytes:
    """A sound model of 96 parameters with a vocabulary of three."""
    keys = (
        pair("general.architecture", TEXT, "llama"),
        pair("general.name", TEXT, name),
        pair("general.file_type", U32, 7),
        pair("llama.context_length", U32, 2048),
        pair("llama.embedding_length", U32, 32),
        pair("llama.block_count", U32, 1),
        pair("tokenizer.ggml.model", TEXT, "gpt2"),
        pair("tokenizer.ggml.tokens", ARRAY, array(TEXT, ["a", "b", "c"])),
        pair("tokenizer.ggml.scores", ARRAY, array(F32, [0.0, 1.0, 2.0])),
        pair("tokenizer.chat_template", TEXT, "{{ messages }}"),
        *pairs,
    )
    tensors = {
        "token_embd.weight": Made((32, 2), 8, bytes(68)),
        "output_norm.weight": Made((32,), 0, bytes(128)),
    }
    return File(keys, tensors, version=version).encode()


def split(count: int = 3) -> tuple[bytes, ...]:
    """A sound model in `count` files, one tensor each."""
    return tuple(part(number, count) for number in range(count))


def part(number: int, count: int, *, tensors: int | None = None, name: str = "") -> bytes:
    """One file of a split model."""
    first = (
        pair("general.architecture", TEXT, "llama"),
        pair("llama.context_length", U32, 2048),
    )
    keys = (
        *(first if number == 0 else ()),
        pair("split.no", U16, number),
        pair("split.count", U16, count),
        pair("split.tensors.count", I32, count if tensors is None else tensors),
    )
    made = {name or f"blk.{number}.weight": Made((32,), 0, bytes(128))}
    return File(keys, made).encode()


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(tiny())
