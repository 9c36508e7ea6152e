"""The files of a package in their places, before there is an archive: to run them there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..core.archive import Entry


def lay_out(entries: Iterable[Entry], folder: Path) -> Path:
    """Make `folder` anew with every member under its name; hard links where the disk has them."""
    shutil.rmtree(folder, ignore_errors=True)
    for entry in entries:
        path = folder / entry.name
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.source is None:
            path.write_bytes(entry.data or b"")
        elif entry.source.is_symlink():
            path.symlink_to(entry.source.readlink())
        else:
            _place(entry.source, path)
    return folder


def _place(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, path)
