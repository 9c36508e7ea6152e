"""Other names for generated files whose usual name is taken by a file of the user's."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

_ALTERNATIVES = {
    ".github/workflows/ci.yml": ".github/workflows/ci-gen-ci.yml",
    ".github/workflows/ci-gen.yml": ".github/workflows/ci-gen-drift.yml",
    ".gitlab-ci.yml": ".gitlab/ci-gen/pipeline.yml",
}


def beside(path: str, taken: Collection[str]) -> str:
    """A free name next to `path`; where the name decides the effect, one that has the same."""
    name = _ALTERNATIVES.get(path, "")
    number = 1
    while not name or name in taken:
        folder, base = posixpath.split(path)
        stem, dot, suffix = base.lstrip(".").partition(".")
        mark = "ci-gen" if number == 1 else f"ci-gen-{number}"
        name = posixpath.join(folder, f"{stem}.{mark}{dot}{suffix}")
        number += 1
    return name
