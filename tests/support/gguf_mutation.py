"""Headers of model files, damaged as a hostile or broken writer would."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from tests.support.gguf_files import (
    ARRAY,
    F32,
    TEXT,
    U32,
    U64,
    File,
    Made,
    array,
    pair,
    part,
    tiny,
)

EXTREMES = (
    0, 1, 2, 7, 8, 9, 13, 31, 32, 33, 64, 255, 256, 4096, 65535, 65536, 2**20, 2**24, 2**26,
    2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 32,
    2**64 - 8, 2**64 - 1,
)  # fmt: skip


def seeds() -> tuple[bytes, ...]:
    """Sound files of several shapes."""
    aligned = File(
        (pair("general.alignment", U32, 64), pair("general.architecture", TEXT, "x")),
        {f"t{number}": Made((256, 2), 14, bytes(420)) for number in range(8)},
        alignment=64,
    )
    arrays = tiny(
        pair("a.texts", ARRAY, array(TEXT, [f"token {number}" for number in range(200)])),
        pair("a.numbers", ARRAY, array(F32, range(300))),
        pair("a.large", ARRAY, array(U64, EXTREMES)),
    )
    return (tiny(), tiny(version=2), arrays, aligned.encode(), part(1, 3))


def mutants(chance: random.Random, count: int, files: tuple[bytes, ...] = ()) -> Iterator[bytes]:
    """`count` damaged copies of the files (of `seeds()` where none are given)."""
    sound = files or seeds()
    for _ in range(count):
        data = bytearray(chance.choice(sound))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _damage(data, chance)
        yield bytes(data)


def _damage(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data) or 1)
    kind = chance.randrange(7)
    if kind == 0 and data:
        data[place] ^= 1 << chance.randrange(8)
    elif kind == 1:
        data[place : place + 1] = chance.randbytes(1)
    elif kind == 2:  # a length, a count, an offset
        data[place : place + 8] = struct.pack("<Q", chance.choice(EXTREMES))
    elif kind == 3:
        data[place : place + 4] = struct.pack("<I", chance.choice(EXTREMES) & 0xFFFFFFFF)
    elif kind == 4:
        del data[place : place + chance.choice((1, 4, 8, 100))]
    elif kind == 5:
        data[place:place] = chance.randbytes(chance.choice((1, 4, 8, 100)))
    else:
        other = chance.randrange(len(data) or 1)
        data[place : place + 16] = data[other : other + 16]
