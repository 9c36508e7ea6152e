"""What lies on disk: texts with their newline style, never altered here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ci_gen.write.digest import digest
from ci_gen.write.paths import real_path
from ci_gen.write.root import TEMPORARY


@dataclass(frozen=True)
class File:
    """One path of the repository as it is.

    `data` is None where nothing lies there; `real` is where it lies once links are followed;
    `blocked` says why nothing may be written there, "" where it may.
    """

    path: str
    real: str
    data: bytes | None
    blocked: str = ""

    @property
    def exists(self) -> bool:
        """Whether a file lies there."""
        return self.data is not None

    @property
    def text(self) -> str:
        """The text with LF newlines; bytes that are not UTF-8 survive as surrogates."""
        data = (self.data or b"").replace(b"\r\n", b"\n")
        return data.decode("utf-8", "surrogateescape")

    @property
    def digest(self) -> str | None:
        """The digest that the lock would hold for it."""
        return None if self.data is None else digest(self.data)

    def encode(self, text: str) -> bytes:
        """The bytes of `text` in the newline style of this file, LF where it is new."""
        data = text.encode("utf-8", "surrogateescape")
        crlf = (self.data or b"").count(b"\r\n")
        if crlf * 2 > (self.data or b"").count(b"\n"):
            data = data.replace(b"\n", b"\r\n")
        return data


def read(root: str, path: str) -> File:
    """Look at one path; a file that cannot be read raises OSError."""
    real, reason = real_path(root, path)
    try:
        data = Path(real).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        data = None
    except OSError:
        if reason is None:
            raise
        data = None
    return File(path, real, data, reason or "")


def read_all(root: str, paths: Iterable[str]) -> dict[str, File]:
    """Look at every one of `paths`."""
    return {path: read(root, path) for path in sorted(paths)}


def files_below(root: str, folder: str) -> Iterator[str]:
    """The paths, relative to `folder`, of the files below it, unfinished ones left out."""
    top = Path(root, folder)
    for file in sorted(top.rglob("*")):
        if file.is_file() and not file.name.startswith(TEMPORARY):
            yield file.relative_to(top).as_posix()
