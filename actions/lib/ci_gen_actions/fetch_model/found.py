"""What a source turned out to be: the files of a model, and where each is to be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import UsageError
from ..gguf_file.split import part_names
from .origin import Origin


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One file. `sha256` is "" and `size` None where the source does not tell.

    It comes from `origin`, or is the file `path` of this machine.
    """

    name: str
    sha256: str = ""
    size: int | None = None
    origin: Origin | None = None
    path: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A model: its files in the order in which they are loaded; where it is from, exactly.

    `version` is "" where the source has no versions; `movable` where the same source may give
    another model tomorrow: how to write one that does not.
    """

    files: tuple[Wanted, ...]
    source: str
    version: str = ""
    movable: str = ""


def with_digests(found: Found, digests: Sequence[str]) -> Found:
    """The model, its digests being those that the reader gave.

    Raises UsageError where they are of another number, or the source has others.
    """
    given = [each.removeprefix("sha256:") for each in digests]
    if not given:
        return found
    if len(given) != len(found.files):
        raise UsageError(
            f"the model has {len(found.files)} files, and {len(given)} digests are given",
            where="input sha256",
            next="give one a line, in the order of the files",
        )
    files = []
    for wanted, digest in zip(found.files, given, strict=True):
        if wanted.sha256 not in ("", digest):
            raise UsageError(
                f"the source has another {wanted.name} than the one that is wanted",
                where=found.source,
                why=f"its SHA-256 is {wanted.sha256}, and the input sha256 says {digest}",
                next="see who changed what: the source, or the digest that is pinned",
            )
        files.append(replace(wanted, sha256=digest))
    return replace(found, files=tuple(files))


def names(first: str, renamed: str) -> tuple[str, ...]:
    """How the files are called, given the name in the source and the one that is wanted."""
    parts = part_names(first)
    if not renamed:
        return parts
    stem = renamed.removesuffix(".gguf")
    if len(parts) == 1:
        return (renamed,)
    return tuple(f"{stem}{each[-len('-00001-of-00001.gguf') :]}" for each in parts)
