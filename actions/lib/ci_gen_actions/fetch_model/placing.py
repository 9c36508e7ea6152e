"""Lets a model appear in the job's folder: as a link, or as a copy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..core.archive import size_text
from ..core.errors import CannotDecide, UsageError


def place(file: Path, target: Path, how: str, *, hard: bool = True) -> str:
    """Let `file` appear as `target`; what came about: hard, symbolic or copy.

    `how` is link or copy; `hard` says whether a hard link may be made. What was there is replaced
    where it is ours (a link, or a file that nobody may write). Raises UsageError where it is not,
    OSError.
    """
    _check(target, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    unfinished.unlink(missing_ok=True)
    try:
        made = _make(file, unfinished, how, hard=hard)
        unfinished.replace(target)
    finally:
        # Two names of one file: replacing does nothing then, and leaves the first.
        unfinished.unlink(missing_ok=True)
    return made


def _check(target: Path, file: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        raise UsageError(f"{target} is a folder", next="give another output, or another name")
    if target.is_symlink() or not target.exists() or target.samefile(file):
        return
    if target.stat().st_mode & 0o222:
        raise UsageError(
            f"there is another file {target}",
            why="it can be written to, so that fetch-model did not put it there",
            next="move it away, or give another output or name",
        )


def _make(file: Path, unfinished: Path, how: str, *, hard: bool) -> str:
    if how == "link":
        if hard:
            try:
                os.link(file, unfinished)
                return "hard"
            except OSError:  # another file system, or one without hard links, or not our file
                pass
        unfinished.symlink_to(file)
        return "symbolic"
    size = file.stat().st_size
    free = shutil.disk_usage(unfinished.parent).free
    if size > free:
        raise CannotDecide(
            "there is no room for a copy of the model",
            where=str(unfinished.parent),
            why=f"it has {size_text(size)}, and {size_text(free)} are free",
            next="let it appear as a link (input place), or free space",
        )
    shutil.copyfile(file, unfinished)
    unfinished.chmod(0o444)
    return "copy"
