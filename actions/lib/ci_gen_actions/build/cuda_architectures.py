"""What the input `architectures` demands of a package, and what of it is missing.

The words are CMake's: `86-real` is SASS for one architecture, `86-virtual` PTX, `86` both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..core.errors import CannotDecide
from .cuda_binaries import Findings

ALL, ALL_MAJOR, NATIVE = "all", "all-major", "native"


def supported(listing: str) -> tuple[int, ...]:
    """The architectures in the answer of `nvcc --list-gpu-code`, in order."""
    return tuple(sorted({int(number) for number in re.findall(r"(?m)^sm_(\d+)$", listing)}))


def words(build: Path) -> dict[str, str]:
    """What CMake noted in a build folder that `all`, `all-major` and `native` stand for."""
    known: dict[str, str] = {}
    for path in sorted(build.glob("CMakeFiles/*/CMakeCUDACompiler.cmake")):
        text = path.read_text(encoding="utf-8", errors="replace")
        for word in (ALL, ALL_MAJOR, NATIVE):
            name = f"CMAKE_CUDA_ARCHITECTURES_{word.upper().replace('-', '_')}"
            found = re.search(rf'set\({name} "([^"]*)"\)', text)
            known[word] = found[1] if found else known.get(word, "")
    return known


def expected(
    asked: Sequence[str], nvcc: Sequence[int], cmake: Mapping[str, str]
) -> tuple[str, ...]:
    """Each architecture that was asked for, words for several spelled out.

    `nvcc` are the architectures that it supports: CMake hands `all` and `all-major` on to it.
    `cmake` is what CMake itself knows by those words and by `native`. Raises CannotDecide where
    neither tells what a word stands for.
    """
    each: list[str] = []
    for word in asked:
        if word in (ALL, ALL_MAJOR) and nvcc:
            each += _several(word, nvcc)
        elif word in (ALL, ALL_MAJOR, NATIVE):
            known = [text for text in cmake.get(word, "").split(";") if text]
            if not known:
                raise CannotDecide(
                    f"what {word} stands for cannot be told",
                    where="input architectures",
                    why="neither nvcc nor this CMake lists architectures for it",
                    next="name the architectures of the GPUs that will run the package",
                )
            each += known
        else:
            each.append(word)
    return tuple(dict.fromkeys(each))


def _several(word: str, nvcc: Sequence[int]) -> list[str]:
    """What nvcc makes of -arch=all and -arch=all-major, as its manual says."""
    major = [number for number in nvcc if number % 10 == 0]
    codes = nvcc if word == ALL else sorted({nvcc[0], *major})
    newest = [f"{major[-1]}-virtual"] if major else []
    return [*(f"{number}-real" for number in codes), *newest]


def lacking(wanted: Sequence[str], found: Findings) -> tuple[str, ...]:
    """What of the architectures is not there, in words such as "80 as PTX in lib/libx.so".

    Each file with GPU code must have all of them, since a program uses its files together. A
    package without GPU code lacks everything.
    """
    if not found.files and not found.unknown:
        return tuple(wanted)
    missing = []
    for member, code in sorted(found.files.items()):
        for each in wanted:
            number, _, kind = each.partition("-")
            kinds = {"real": ("SASS",), "virtual": ("PTX",)}.get(kind, ("SASS", "PTX"))
            there = {"SASS": code.sass, "PTX": code.ptx}
            missing += [
                f"{number} as {name} in {member}"
                for name in kinds
                if not _holds(there[name], number)
            ]
    return tuple(missing)


def _holds(there: frozenset[str], number: str) -> bool:
    """Whether an architecture is among others.

    Code for `120a` serves where `120` was asked for, as it runs on that very GPU: llama.cpp
    turns the one into the other. Not the other way round.
    """
    plain = number.rstrip("f")
    return plain in there or (not plain.endswith("a") and f"{plain}a" in there)


def require_known(wanted: Sequence[str], found: Findings) -> None:
    """Raises CannotDecide where GPU code could not be read though architectures are demanded."""
    if found.unknown and wanted:
        raise CannotDecide(
            "which GPU architectures were built cannot be told",
            where=", ".join(found.unknown),
            why="the layout of its section .nv_fatbin is not known here, and no cuobjdump could "
            "read it",
            next="install the cuobjdump of your CUDA toolkit (cuda-cuobjdump-<version>)",
        )
