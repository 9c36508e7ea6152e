"""Reads the header of a GGUF file, version 2 or 3, and checks it as llama.cpp would, and more.

The format: ggml, docs/gguf.md. What llama.cpp refuses: ggml/src/gguf.cpp, gguf_init_from_reader.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from . import limits
from .cursor import ARRAY, SCALARS, TEXT, Cursor, named
from .ggml_types import REMOVED, TYPES
from .limits import refuse
from .shape import Gguf, Tensor, Value

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_KEY_LEAST = 8 + 1 + 4 + 1
_TENSOR_LEAST = 8 + 1 + 4 + 4 + 8
_ALIGNMENT = "general.alignment"
_LARGEST = 2**63 - 1


def read(path: Path) -> Gguf:
    """The header of the model file `path`.

    Needs less than 64 MiB and a few seconds whatever the file declares; reads no weights.
    Raises BadModel for what llama.cpp would refuse, or should not open; OSError where the file
    cannot be read.
    """
    # A named pipe would block for ever, so the kind of file is asked before it is opened.
    if not stat.S_ISREG(path.stat().st_mode):
        raise refuse(path, "it is no regular file")
    with path.open("rb") as file:
        cursor = Cursor(file, path, os.fstat(file.fileno()).st_size)
        version = _version(cursor)
        tensors = cursor.count("the number of tensors", limits.TENSORS, _TENSOR_LEAST)
        keys = cursor.count("the number of metadata keys", limits.KEYS, _KEY_LEAST)
        metadata = _metadata(cursor, keys)
        alignment = _alignment(cursor, metadata)
        found = _tensors(cursor, tensors)
    data = _padded(cursor.position, alignment)
    _check_extents(cursor, found, alignment, data)
    unknown = sorted({each.kind for each in found if each.size is None})
    return Gguf(
        version=version,
        metadata=metadata,
        tensors=found,
        alignment=alignment,
        data_offset=data,
        size=cursor.size,
        unknown_types=tuple(unknown),
    )


def _version(cursor: Cursor) -> int:
    if cursor.size == 0:
        raise cursor.bad("the file is empty")
    magic = cursor.take(min(4, cursor.size), "the magic")
    if magic != MAGIC:
        raise cursor.bad(
            f"it begins with {magic!r}, and a GGUF file begins with {MAGIC!r}", _looks_like(magic)
        )
    version = cursor.number("<I", "the version")
    if version in VERSIONS:
        return version
    if version & 0xFFFF == 0:
        raise cursor.bad(
            "it is big-endian, which llama.cpp does not read on this machine",
            "convert it with gguf_convert_endian.py of llama.cpp, or fetch the little-endian file",
        )
    raise cursor.bad(
        f"it is GGUF version {version:,}; versions 2 and 3 are read",
        "make the file anew with a current llama.cpp"
        if version == 1
        else "use a newer ci-gen, if the version is real",
    )


def _looks_like(magic: bytes) -> str:
    if magic.startswith((b"<", b"{")):
        return "it looks like a page or message of a web server: look into it, and at the address"
    if magic == b"vers":
        return "it looks like the pointer of a large file in Git: fetch the file it points to"
    if magic in (b"lmgg", b"fmgg", b"tjgg", b"algg"):
        return "it is of the formats before GGUF: make it anew with a current llama.cpp"
    return ""


def _metadata(cursor: Cursor, count: int) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for number in range(count):
        key = cursor.name(f"metadata key {number}", limits.KEY_BYTES)
        what = named("metadata key", key)
        if key in found:
            raise cursor.bad(f"{what} is there twice")
        kind = cursor.number("<I", f"the type of {what}")
        if kind == TEXT:
            found[key] = cursor.text(what)
        elif kind == ARRAY:
            found[key] = cursor.array(what)
        elif kind in SCALARS:
            if key == _ALIGNMENT and SCALARS[kind][0] != "uint32":
                raise cursor.bad(f"{what} is of type {SCALARS[kind][0]}, and must be uint32")
            found[key] = cursor.scalar(kind, what)
        else:
            raise cursor.bad(f"{what} has unknown type {kind}")
    return found


def _alignment(cursor: Cursor, metadata: dict[str, Value]) -> int:
    value = metadata.get(_ALIGNMENT, 32)
    if not isinstance(value, int) or value <= 0 or value & (value - 1):
        raise cursor.bad("general.alignment is no power of two")
    return value


def _tensors(cursor: Cursor, count: int) -> tuple[Tensor, ...]:
    found: dict[str, Tensor] = {}
    for number in range(count):
        name = cursor.name(f"the name of tensor {number}", limits.NAME_BYTES)
        if name in found:
            raise cursor.bad(f"{named('tensor', name)} is there twice")
        found[name] = _tensor(cursor, name)
    return tuple(found.values())


def _tensor(cursor: Cursor, name: str) -> Tensor:
    what = named("tensor", name)
    dimensions = cursor.number("<I", what)
    if dimensions > limits.DIMENSIONS:
        raise cursor.bad(f"{what} has {dimensions:,} dimensions; at most 4 are allowed")
    shape = tuple(cursor.number("<Q", what) for _ in range(dimensions))
    kind = cursor.number("<I", what)
    offset = cursor.number("<Q", what)
    tensor = Tensor(name, shape, kind, offset, None)
    if 0 in shape:
        raise cursor.bad(f"{what} is empty: its shape is {shape}")
    if tensor.elements > _LARGEST:
        raise cursor.bad(f"{what} has more elements than 64 bits can count: its shape is {shape}")
    if kind in REMOVED:
        raise cursor.bad(
            f"{what} is of type {REMOVED[kind]}, which llama.cpp no longer reads",
            "quantize the model anew with a current llama.cpp",
        )
    known = TYPES.get(kind)
    if known is None:
        return tensor
    row = shape[0] if shape else 1
    if row % known.block:
        raise cursor.bad(
            f"{what} has rows of {row:,}, no multiple of {known.name}'s block of {known.block}"
        )
    return Tensor(name, shape, kind, offset, tensor.elements // known.block * known.size)


def _check_extents(cursor: Cursor, tensors: tuple[Tensor, ...], alignment: int, data: int) -> None:
    """Tensors follow one another without gap or overlap, inside the file, as llama.cpp demands."""
    expected: int | None = 0
    at_least = 0
    for tensor in tensors:
        what = named("tensor", tensor.name)
        if expected is None:  # the one before is of an unknown type, and so of unknown size
            fits = tensor.offset > at_least and tensor.offset % alignment == 0
        else:
            fits = tensor.offset == expected
        if not fits:
            right = f"at {expected:,}" if expected is not None else f"after {at_least:,}, aligned"
            raise cursor.bad(
                f"{what} lies at {tensor.offset:,} of the data, and should lie {right}"
            )
        end = data + tensor.offset + (1 if tensor.size is None else tensor.size)
        if end > cursor.size:
            raise refuse(
                cursor.path,
                f"{what} ends at byte {end:,}, and the file has {cursor.size:,}",
                "the file is cut short: fetch it again, and compare its size with the source's",
            )
        at_least = tensor.offset
        expected = None if tensor.size is None else _padded(tensor.offset + tensor.size, alignment)


def _padded(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
