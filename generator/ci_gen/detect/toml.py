"""TOML files of a repository; a broken one is noted and reads as empty."""

from __future__ import annotations

import sys
from typing import Any

from ci_gen.detect.tree import Tree

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(tree: Tree, path: str) -> dict[str, Any]:
    """The document in a file, {} where there is none or it is broken."""
    text = tree.read(path)
    if not text:
        return {}
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        tree.note(f"{path}: broken TOML: {error}")
        return {}


def table(document: object, *keys: str) -> dict[str, Any]:
    """The table at a path of keys, {} where it is missing or something else."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def strings(value: object) -> list[str]:
    """The strings of a list, [] for anything else."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
