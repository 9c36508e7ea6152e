"""The names of models, versions and pointers, and what each may look like.

A version begins with a digit, a pointer with a letter, so that `registry://name@<either>` says
which is meant. Versions are written without a leading v (`1.1`) and lie in folders, and under
tags, with one (`v1.1`); both spellings are understood.
"""

from __future__ import annotations

import re

from ..core.errors import UsageError

LATEST = "latest"

_MODEL = re.compile(r"[A-Za-z0-9]+(?:(?:\.|_|__|-+)[A-Za-z0-9]+)*")
_VERSION = re.compile(r"[0-9][A-Za-z0-9._-]{0,126}")
_POINTER = re.compile(r"[a-z][a-z0-9-]{0,62}")
_MODEL_LENGTH = 128
_PART = re.compile(r"[0-9]+|[A-Za-z]+")


def model_name(text: str) -> str:
    """The name of a model as it is. Raises UsageError for what cannot be one."""
    if len(text) <= _MODEL_LENGTH and _MODEL.fullmatch(text):
        return text
    raise UsageError(
        f"{text[:80]!r} cannot name a model",
        why="it becomes a folder's name and a part of a repository's",
        next="use letters and digits with single '.', '_' or '-' between them, such as "
        "llama-2-7b-chat",
    )


def version_name(text: str) -> str:
    """A version without its leading v. Raises UsageError for what cannot be one."""
    bare = text[1:] if text[:1] == "v" else text
    if _VERSION.fullmatch(bare) and not bare.endswith((".", "-")):
        return bare
    if "+" in text:
        why = "a registry's tags have no '+'; write '-' instead"
    elif is_pointer(text):
        why = "it reads as a pointer: a version begins with a digit, or with v and a digit"
    else:
        why = "a version begins with a digit, or with v and a digit"
    raise UsageError(
        f"{text[:80]!r} cannot be a version",
        why=why,
        next="use digits, letters, '.', '_' and '-', at most 127, such as 1.4.0 or 2026.11-3f2a1bc",
    )


def is_version(text: str) -> bool:
    """Whether it names a version, with or without the leading v."""
    bare = text[1:] if text[:1] == "v" else text
    return _VERSION.fullmatch(bare) is not None and not bare.endswith((".", "-"))


def is_pointer(text: str) -> bool:
    """Whether it can name a pointer, such as latest or production."""
    return _POINTER.fullmatch(text) is not None and not is_version(text)


def pointer_name(text: str) -> str:
    """The name of a pointer as it is. Raises UsageError for what cannot be one."""
    if is_pointer(text):
        return text
    raise UsageError(
        f"{text[:80]!r} cannot name a pointer",
        why="it reads as a version" if is_version(text) else "a pointer begins with a letter",
        next="use lower-case letters, digits and '-', such as latest, staging or production",
    )


def folder_name(version: str) -> str:
    """The folder, and the tag, of a version: with its v."""
    return f"v{version}"


def version_of(folder: str) -> str:
    """The version that lies in a folder or under a tag, "" where that holds none."""
    return folder[1:] if folder[:1] == "v" and is_version(folder) else ""


def order(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts versions as people read them: 1.9 before 1.10, 1.0-rc1 before 1.0."""
    parts: list[tuple[int, int, str]] = []
    for each in _PART.findall(version):
        # The end of a version (1) comes after letters (0) and before numbers (2).
        parts.append((2, int(each), "") if each.isdigit() else (0, 0, each))
    return (*parts, (1, 0, ""))
