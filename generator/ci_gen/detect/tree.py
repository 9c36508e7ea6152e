"""The files of a repository as detectors see them: found by name, read at most once.

Reading never fails: what is missing, unreadable, no regular file or too long to be
configuration reads as text all the same (empty, or cut), and is noted where that matters.
"""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path

from ci_gen.detect.files import Listing

MAX_BYTES = 256 * 1024
"""How much of a file is read: build files and configs are far shorter."""

# A file that someone replaced by a pipe must not block, nor a link lead elsewhere.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
# What lies directly in such a folder is the owner's glue, as third_party/CMakeLists.txt.
_THIRD_PARTY = re.compile(
    r"(?:^|/)(?:third[_-]?party|3rd[_-]?party|vendor|vendored|external|externals|extern|deps|_deps"
    r"|subprojects|submodules|node_modules|bower_components|site-packages|\.?venv)/[^/]+/",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(?:^|/)(?:examples?|samples?|demos?|docs?|tests?|testing|testdata|fixtures?|bench|benchmarks?"
    r"|templates?|notebooks?|cookbooks?|tutorials?|scripts?|android|ios|swift|wasm)(?:/|$)",
    re.IGNORECASE,
)


class Tree:
    """A repository's files, indexed by base name."""

    def __init__(self, root: Path, listing: Listing) -> None:
        self.files = listing.files
        self.submodules = listing.submodules
        self._root = os.fspath(root)
        self._known = frozenset(listing.files)
        self._by_name: dict[str, list[str]] = {}
        self._texts: dict[str, str] = {}
        self._notes: set[str] = set(listing.notes)
        for path in listing.files:
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be read, sorted."""
        return tuple(sorted(self._notes))

    def note(self, text: str) -> None:
        """Remember a remark for the reader."""
        self._notes.add(text)

    def has(self, path: str) -> bool:
        """Whether the repository has this file."""
        return path in self._known

    def named(self, *names: str) -> list[str]:
        """The files with one of these base names, sorted."""
        return sorted(path for name in names for path in self._by_name.get(name, ()))

    def below(self, folder: str) -> tuple[str, ...]:
        """The file of this path, or the files below this folder, sorted."""
        if folder == ".":
            return self.files
        if folder in self._known:
            return (folder,)
        # "0" is the character after "/", so the slice ends where the folder's files do.
        return self.files[
            bisect_left(self.files, f"{folder}/") : bisect_left(self.files, f"{folder}0")
        ]

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        """The files whose whole base name matches, sorted."""
        return sorted(
            path
            for name, paths in self._by_name.items()
            if pattern.fullmatch(name)
            for path in paths
        )

    def read(self, path: str) -> str:
        """The text of a file, also of one in a submodule that is checked out; "" if there is none.

        Line ends become "\\n"; bytes that are not UTF-8 become U+FFFD.
        """
        text = self._texts.get(path)
        if text is None:
            text = self._texts[path] = _decode(self._bytes(path))
        return text

    def _bytes(self, path: str) -> bytes:
        try:
            handle = os.open(f"{self._root}/{path}", _FLAGS)
        except FileNotFoundError:
            return b""
        except (OSError, ValueError) as error:
            if path in self._known:
                self._notes.add(f"{path}: not read: {getattr(error, 'strerror', error)}")
            return b""
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return b""
            return os.read(handle, MAX_BYTES)
        except OSError as error:
            self._notes.add(f"{path}: not read: {error.strerror}")
            return b""
        finally:
            os.close(handle)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        text = data.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def third_party(path: str) -> bool:
    """Whether a file lies, by the names of its folders, in a copy of other people's code."""
    return _THIRD_PARTY.search(path) is not None


def aside(path: str) -> bool:
    """Whether a path lies in a folder that by its name is not what a repository is for."""
    return _ASIDE.search(path) is not None


def folder_of(path: str) -> str:
    """The folder of a file, "." for the root."""
    return path.rpartition("/")[0] or "."


def join(folder: str, name: str) -> str:
    """A path below a folder, which may be "."."""
    return name if folder == "." else f"{folder}/{name}"


def inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it."""
    return folder == "." or path == folder or path.startswith(f"{folder}/")


def inside_any(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of these folders or lies below one."""
    return any(inside(path, folder) for folder in folders)


def upward(folder: str) -> Iterator[str]:
    """A folder, its parent, and so on to the root "."."""
    while folder != ".":
        yield folder
        folder = folder_of(folder)
    yield "."


def line_at(text: str, offset: int) -> int:
    """The number of the line, 1-based, that holds this offset."""
    return text.count("\n", 0, offset) + 1


def by_depth(paths: Iterable[str]) -> list[str]:
    """Sort paths, those nearer to the root first."""
    return sorted(paths, key=lambda path: (path.count("/"), path))


def written_by_ci_gen(text: str) -> bool:
    """Whether a file says in its first five lines that ci-gen wrote it: no fact, but an echo."""
    return "ci-gen" in "\n".join(text.split("\n", 5)[:5])
