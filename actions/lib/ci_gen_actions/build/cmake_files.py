"""What the CMake files of a source tree say about llama.cpp, by reading them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

CUDA_OPTIONS = ("GGML_CUDA", "LLAMA_CUDA", "LLAMA_CUBLAS")
"""The switches of llama.cpp's vintages, newest first."""

NATIVE_OPTIONS = ("GGML_NATIVE", "LLAMA_NATIVE")
"""The switches that let the compiler use all that this very processor has."""

_MOST_BYTES = 1 << 20
_DEPTH = 6
_OPTION = re.compile(r"(?m)^[ \t]*option[ \t]*\(\s*([A-Z_0-9]+)\b", re.IGNORECASE)
_FETCHES = re.compile(
    r"(?is)\b(?:FetchContent_\w+|ExternalProject_Add|CPMAddPackage)\s*\([^)]*\b(?:llama|ggml)\b"
)


class Findings:
    """What was found so far."""

    def __init__(self) -> None:
        self.options: set[str] = set()
        self.fetches = False

    def add(self, text: str) -> None:
        """Take in one CMake file."""
        bare = re.sub(r"(?m)^[ \t]*#.*$", "", text)
        self.options.update(_OPTION.findall(bare))
        self.fetches = self.fetches or bool(_FETCHES.search(bare))

    @property
    def cuda(self) -> tuple[str, ...]:
        """The CUDA switches that are defined, newest vintage first."""
        return tuple(each for each in CUDA_OPTIONS if each in self.options)

    @property
    def native(self) -> tuple[str, ...]:
        """The processor switches that are defined, or will be by what is fetched."""
        here = tuple(each for each in NATIVE_OPTIONS if each in self.options)
        return here or (("GGML_NATIVE",) if self.fetches else ())

    @property
    def llama(self) -> bool:
        """Whether llama.cpp is in the tree or brought in by it."""
        return bool(self.cuda or self.native)


def scan(source: Path, workspace: Path, build: Path) -> Findings:
    """Read the CMake files below `source`, `build` left out; unreadable files say nothing.

    Where they do not mention llama.cpp, the rest of the checkout is read: a service in a folder
    of its own may add the sources beside it.
    """
    found = _scan(source, build)
    if not found.llama and workspace in source.parents:
        return _scan(workspace, build)
    return found


def _scan(top: Path, build: Path) -> Findings:
    found = Findings()
    for path in _cmake_files(top, build):
        try:
            with path.open("rb") as stream:
                found.add(stream.read(_MOST_BYTES).decode("utf-8", "replace"))
        except OSError:
            continue
    return found


def _cmake_files(source: Path, build: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(source):
        here = Path(folder)
        deep = len(here.relative_to(source).parts) >= _DEPTH
        folders[:] = (
            []
            if deep
            else sorted(
                name for name in folders if not name.startswith(".") and here / name != build
            )
        )
        if here != source and "CMakeCache.txt" in files:
            folders.clear()  # another build folder: its copies are not the sources
            continue
        for name in sorted(files):
            if name == "CMakeLists.txt" or name.endswith(".cmake"):
                yield here / name
