"""Reads the primitives of GGUF out of a file, within limits and never past its end."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from . import limits
from .limits import BadModel, refuse, shown
from .shape import Array, LongText

SCALARS = {
    0: ("uint8", "<B"),
    1: ("int8", "<b"),
    2: ("uint16", "<H"),
    3: ("int16", "<h"),
    4: ("uint32", "<I"),
    5: ("int32", "<i"),
    6: ("float32", "<f"),
    7: ("bool", "<?"),
    10: ("uint64", "<Q"),
    11: ("int64", "<q"),
    12: ("float64", "<d"),
}
TEXT = 8
ARRAY = 9
_ITEM_BYTES = 32
"""What an item of an array's head takes in memory, besides its text."""
Scalar = str | int | float | bool


class Cursor:
    """A place in the file `path` of `size` bytes. Every method raises BadModel.

    Seeking past what is not kept costs no memory, whatever length the file declares.
    """

    def __init__(self, file: BinaryIO, path: Path, size: int) -> None:
        self._file = file
        self.path = path
        self.size = size
        self.position = 0
        self._kept = 0
        self._strings = 0

    @property
    def remaining(self) -> int:
        """The bytes from here to the end of the file."""
        return self.size - self.position

    def bad(self, why: str, next: str = "") -> BadModel:
        """The error for something wrong here."""
        return refuse(self.path, f"{why} (at byte {self.position:,})", next)

    def take(self, count: int, what: str) -> bytes:
        """The next bytes; `count` is limited by the caller."""
        self._claim(count, what)
        data = self._file.read(count)
        if len(data) != count:  # somebody cut the file meanwhile
            raise self.bad(f"the file ends inside {what}")
        self.position += count
        return data

    def skip(self, count: int, what: str) -> None:
        """Pass over bytes that are inside the file."""
        self._claim(count, what)
        self._file.seek(count, 1)
        self.position += count

    def _claim(self, count: int, what: str) -> None:
        if count > self.remaining:
            raise self.bad(
                f"{what} needs {count:,} bytes, and the file has {self.remaining:,} more",
                "the file may be cut short: compare its size and SHA-256 with those of its source",
            )
        if self.position + count > limits.HEADER_BYTES:
            raise self.bad(f"the header has more than {limits.HEADER_BYTES:,} bytes")

    def number(self, code: str, what: str) -> int:
        """A whole number; `code` is that of `struct`."""
        return int(struct.unpack(code, self.take(struct.calcsize(code), what))[0])

    def count(self, what: str, limit: int, least_bytes: int) -> int:
        """How many of something follow, each of at least `least_bytes` bytes."""
        found = self.number("<Q", what)
        if found > limit:
            raise self.bad(f"{what} is {found:,}; at most {limit:,} are read")
        if found * least_bytes > self.remaining:
            raise self.bad(
                f"{what} is {found:,}, more than the remaining {self.remaining:,} bytes can hold",
                "the file may be cut short: compare its size and SHA-256 with those of its source",
            )
        return found

    def name(self, what: str, limit: int) -> str:
        """A key or a tensor's name: UTF-8, not empty, at most `limit` bytes."""
        length = self.number("<Q", what)
        if not 0 < length <= limit:
            raise self.bad(f"{what} has {length:,} bytes; 1 to {limit:,} are allowed")
        data = self.take(length, what)
        self._keep(length)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise self.bad(f"{what} is not UTF-8") from None
        if "\0" in text:
            raise self.bad(f"{what} holds a zero byte")
        return text

    def text(self, what: str) -> str | LongText:
        """A text value. Bytes that are not UTF-8 become U+FFFD: some vocabularies have such."""
        length = self.number("<Q", what)
        if length > limits.TEXT_BYTES:
            raise self.bad(f"{what} has {length:,} bytes; at most {limits.TEXT_BYTES:,} are read")
        if length > limits.KEPT_TEXT_BYTES:
            self.skip(length, what)
            return LongText(length)
        data = self.take(length, what)
        self._keep(length)
        return data.decode("utf-8", "replace")

    def scalar(self, kind: int, what: str) -> Scalar:
        """A number or truth value of the metadata type `kind`."""
        code = SCALARS[kind][1]
        value: Scalar = struct.unpack(code, self.take(struct.calcsize(code), what))[0]
        return value

    def array(self, what: str) -> Array:
        """An array: its head is kept, the rest passed over. llama.cpp reads no nested ones."""
        kind = self.number("<I", what)
        if kind == TEXT:
            return self._texts(what)
        if kind not in SCALARS:
            why = "is an array of arrays" if kind == ARRAY else f"has items of unknown type {kind}"
            raise self.bad(f"{what} {why}, which llama.cpp does not read")
        name, code = SCALARS[kind]
        width = struct.calcsize(code)
        count = self.count(f"the length of {what}", limits.ITEMS, width)
        kept = min(count, limits.KEPT_ITEMS)
        self._keep(kept * _ITEM_BYTES)
        head = struct.unpack(f"<{kept}{code[1]}", self.take(kept * width, what))
        self.skip((count - kept) * width, what)
        return Array(name, count, head)

    def _texts(self, what: str) -> Array:
        count = self.count(f"the length of {what}", limits.ALL_STRINGS - self._strings, 8)
        self._strings += count
        head: list[Scalar] = []
        for _ in range(min(count, limits.KEPT_ITEMS)):
            self._keep(_ITEM_BYTES)
            value = self.text(what)
            head.append(value if isinstance(value, str) else "")
        for _ in range(count - len(head)):
            self.skip(self.number("<Q", what), what)
        return Array("string", count, tuple(head))

    def _keep(self, count: int) -> None:
        self._kept += count
        if self._kept > limits.ALL_KEPT_BYTES:
            raise self.bad(f"keys, texts and arrays take more than {limits.ALL_KEPT_BYTES:,} bytes")


def named(kind: str, name: str) -> str:
    """How a message calls the key or tensor `name`."""
    return f"{kind} '{shown(name)}'"
