"""The tracked files of the checkout, laid out apart: what is not tracked is nobody's to judge.

A file is linked where the file system allows it, else copied. What a scanner would take for its
own settings stays out, so that a change cannot switch the scanner off.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.git import asked, paths
from ..core.globs import compile_patterns

READ_BYTES = 16 * 1024 * 1024
"""Larger files are models or archives: no scanner of text reads them."""
SETTINGS = (".gitleaks.toml", ".gitleaksignore")


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The tracked regular files, relative to the checkout, and how many were too large."""

    files: tuple[str, ...]
    oversized: int = 0


def tracked(workspace: Path, exclude: Sequence[str]) -> Tree:
    """What there is to look at; submodules are other repositories. Raises CannotDecide."""
    names = paths(asked(workspace, "ls-files", "-z", "--cached"))
    kept, _ = compile_patterns(exclude).excluded(dict.fromkeys(names))
    files: list[str] = []
    oversized = 0
    for name in kept:
        try:
            found = (workspace / name).lstat()
        except OSError:
            continue
        if not stat.S_ISREG(found.st_mode):
            continue
        if found.st_size > READ_BYTES:
            oversized += 1
        else:
            files.append(name)
    return Tree(files=tuple(files), oversized=oversized)


def lay_out(workspace: Path, files: Sequence[str], target: Path) -> None:
    """The files below `target`. Raises OSError."""
    for name in files:
        if Path(name).name in SETTINGS:
            continue
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(workspace / name, place, follow_symlinks=False)
        except OSError:
            shutil.copyfile(workspace / name, place, follow_symlinks=False)
