"""Names of projects: lower-case words that every platform accepts in a job id."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

MAX_LENGTH = 40
"""Job ids are made of a prefix and this name, and show in narrow columns."""


_SILENT_PARTS = frozenset({"src", "source", "sources", "code", "lib", "cpp", "python", "app"})


def slugify(text: str, fallback: str = "service") -> str:
    """Turn a text into [a-z0-9][a-z0-9-]*, at most 40 characters.

    A longer one is cut and given a digest of the whole, so that two long names that begin
    alike stay two names.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or fallback
    if len(slug) <= MAX_LENGTH:
        return slug
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{slug[: MAX_LENGTH - 7].rstrip('-')}-{digest}"


def name_projects(repository: str, paths: Iterable[str]) -> dict[str, str]:
    """Give each project folder a name of its own: the root that of the repository.

    A folder has the name of its last part that says something; folders that would share a
    name have their whole path as a name, and as a last resort a number.
    """
    folders = sorted(set(paths))
    short = {
        path: slugify(repository) if path == "." else slugify(_telling_part(path))
        for path in folders
    }
    taken: set[str] = set()
    names: dict[str, str] = {}
    for path in folders:
        alone = list(short.values()).count(short[path]) == 1
        name = short[path] if alone or path == "." else slugify(path)
        names[path] = _untaken(name, taken)
        taken.add(names[path])
    return names


def _telling_part(path: str) -> str:
    parts = path.split("/")
    return next((part for part in reversed(parts) if part not in _SILENT_PARTS), parts[-1])


def _untaken(name: str, taken: set[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        suffix = f"-{number}"
        candidate = f"{name[: MAX_LENGTH - len(suffix)]}{suffix}"
        number += 1
    return candidate
