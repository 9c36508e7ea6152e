"""What an ELF file is and needs, read from its headers alone.

Field layouts are those of the System V ABI's gABI, for 32 and 64 bits, either byte order.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

_EXEC, _DYN = 2, 3
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _SONAME, _FLAGS_1 = 1, 5, 10, 14, 0x6FFFFFFB
_PIE = 0x08000000
_MOST_STRINGS = 1 << 24


class Kind(str, Enum):
    """What an ELF file is for."""

    EXECUTABLE = "executable"
    LIBRARY = "library"


@dataclass(frozen=True)
class Elf:
    """One ELF file: what it is, and the names of the libraries it asks the loader for."""

    kind: Kind
    needed: tuple[str, ...] = ()
    soname: str = ""


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def read(path: Path) -> Elf | None:
    """The file's ELF facts; None for anything but an executable or shared library.

    Raises OSError where it cannot be opened.
    """
    with path.open("rb") as stream:
        try:
            return _read(stream)
        except (struct.error, ValueError, OverflowError):
            # truncated or made up: no program, whatever its first bytes say
            return None


def _read(stream: IO[bytes]) -> Elf | None:
    identity = stream.read(16)
    if identity[:4] != b"\x7fELF" or len(identity) < 16:
        return None
    wide = identity[4] == 2
    order = ">" if identity[5] == 2 else "<"
    layout = order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH")
    header = struct.unpack(layout, stream.read(struct.calcsize(layout)))
    kind, table, entry_size, count = header[0], header[4], header[8], header[9]
    if kind not in (_EXEC, _DYN):
        return None
    segments = [_segment(stream, table + index * entry_size, order, wide) for index in range(count)]
    tags, texts = _dynamic(stream, segments, order, wide)
    program = kind == _EXEC or any(each.kind == _INTERP for each in segments)
    # a library may name an interpreter too (libc does): a name of its own tells them apart
    soname = next(iter(texts(_SONAME)), "")
    static_pie = bool(tags.get(_FLAGS_1, [0])[0] & _PIE)
    executable = (program or static_pie) and not soname
    return Elf(Kind.EXECUTABLE if executable else Kind.LIBRARY, tuple(texts(_NEEDED)), soname)


def sections(path: Path) -> dict[str, tuple[int, int]]:
    """The place of each named section in the file: offset and size in bytes.

    Empty for what is no ELF file, or has no section table. Raises OSError where it cannot be
    opened.
    """
    with path.open("rb") as stream:
        try:
            return _sections(stream)
        except (struct.error, ValueError, OverflowError, IndexError):
            return {}


def _sections(stream: IO[bytes]) -> dict[str, tuple[int, int]]:
    identity = stream.read(16)
    if identity[:4] != b"\x7fELF" or len(identity) < 16:
        return {}
    wide = identity[4] == 2
    order = ">" if identity[5] == 2 else "<"
    layout = order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH")
    header = struct.unpack(layout, stream.read(struct.calcsize(layout)))
    table, size, count, names_at = header[5], header[10], header[11], header[12]
    # name, type, flags, address, offset, size, ...
    entry = struct.Struct(order + ("IIQQQQ" if wide else "IIIIII"))
    found = []
    for index in range(count):
        stream.seek(table + index * size)
        found.append(entry.unpack(stream.read(entry.size)))
    if not found:
        return {}
    stream.seek(found[names_at][4])
    names = stream.read(min(found[names_at][5], _MOST_STRINGS))
    places = {}
    for start, _, _, _, offset, length in found:
        name = names[start:].split(b"\0", 1)[0].decode("utf-8", "replace")
        places[name] = (offset, length)
    return places


def _segment(stream: IO[bytes], offset: int, order: str, wide: bool) -> _Segment:
    stream.seek(offset)
    if wide:
        kind, _, start, address, _, size = struct.unpack(order + "IIQQQQ", stream.read(40))
    else:
        kind, start, address, _, size = struct.unpack(order + "IIIII", stream.read(20))
    return _Segment(kind, start, address, size)


class _Texts:
    """The strings that entries of the dynamic table point to."""

    def __init__(self, tags: dict[int, list[int]], strings: bytes) -> None:
        self._tags = tags
        self._strings = strings

    def __call__(self, tag: int) -> list[str]:
        found = [self._strings[start:].split(b"\0", 1)[0] for start in self._tags.get(tag, [])]
        return [text.decode("utf-8", "replace") for text in found if text]


def _dynamic(
    stream: IO[bytes], segments: list[_Segment], order: str, wide: bool
) -> tuple[dict[int, list[int]], _Texts]:
    tags: dict[int, list[int]] = {}
    for segment in segments:
        if segment.kind == _DYNAMIC:
            stream.seek(segment.offset)
            data = stream.read(min(segment.size, _MOST_STRINGS))
            layout = struct.Struct(order + ("QQ" if wide else "II"))
            for tag, value in layout.iter_unpack(data[: len(data) // layout.size * layout.size]):
                tags.setdefault(tag, []).append(value)
    address, size = tags.get(_STRTAB, [0])[0], tags.get(_STRSZ, [0])[0]
    for segment in segments:
        start = address - segment.address
        if segment.kind == _LOAD and size and 0 <= start < segment.size:
            stream.seek(segment.offset + start, os.SEEK_SET)
            return tags, _Texts(tags, stream.read(min(size, _MOST_STRINGS)))
    return tags, _Texts(tags, b"")
