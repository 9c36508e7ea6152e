"""A version is put together out of sight, whole and durable, before it gets its name."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import CannotDecide
from . import metadata, signing
from .locks import held, is_held
from .place import Place, sync
from .registry import Draft, Part, Problem

BLOCK = 4 * 1024 * 1024
_SPARE = 16 * 1024 * 1024


@contextmanager
def staged(place: Place, draft: Draft) -> Iterator[Path]:
    """A folder with all files of the version, which the caller moves to its place.

    What is left of it is removed at the end; after a kill `leftovers` finds it. Raises
    CannotDecide where a file is not what the draft says or the disk is full, and OSError.
    """
    place.staging.mkdir(parents=True, exist_ok=True)
    folder = place.staging / f"{draft.metadata.version}.{secrets.token_hex(6)}"
    lock = folder.with_name(f"{folder.name}.lock")
    with held(lock):
        try:
            _room(place, draft)
            folder.mkdir()
            for part in draft.parts:
                copy(part, folder / part.name)
            _write(folder / metadata.REPORT, draft.report)
            _write(folder / metadata.NAME, metadata.to_bytes(draft.metadata))
            if draft.sign:
                _write(folder / signing.NAME, draft.sign(folder))
            sync(folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def copy(part: Part, target: Path) -> None:
    """Copy a file and see that it is the one that was looked at. Raises CannotDecide, OSError."""
    digest = hashlib.sha256()
    with part.path.open("rb") as source, target.open("xb") as file:
        while block := source.read(BLOCK):
            digest.update(block)
            file.write(block)
        file.flush()
        os.fchmod(file.fileno(), 0o444)
        os.fsync(file.fileno())
    if digest.hexdigest() != part.sha256:
        raise CannotDecide(
            f"{part.path.name} is not the file that it was",
            where=str(part.path),
            why=f"expected sha256:{part.sha256}, read sha256:{digest.hexdigest()}",
            next="see what else writes this file, then publish again",
        )


def leftovers(place: Place) -> tuple[Path, ...]:
    """What writers that no longer live have left in staging and trash. Raises OSError."""
    found = []
    for folder in (place.staging, place.trash):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            lock = path if path.suffix == ".lock" else path.with_name(f"{path.name}.lock")
            if not is_held(lock):
                found.append(path)
    return tuple(found)


def clean(place: Place, *, dry_run: bool) -> tuple[Problem, ...]:
    """Remove the leftovers, or only tell them. Raises OSError."""
    told = []
    for path in leftovers(place):
        size = sum(each.stat().st_size for each in path.rglob("*")) if path.is_dir() else 0
        what = f"a stopped writer left it, {size:,} bytes"
        told.append(Problem(name=place.name, version="", file=shown(path), what=what, note=True))
        if dry_run:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return tuple(told)


def shown(path: Path) -> str:
    """A leftover as it is named to people."""
    return f".ci-gen/{path.parent.name}/{path.name}"


def _room(place: Place, draft: Draft) -> None:
    needed = sum(each.size for each in draft.parts) + len(draft.report) + _SPARE
    free = shutil.disk_usage(place.staging).free
    if free < needed:
        raise CannotDecide(
            "there is no room for the model in the registry",
            where=str(place.folder),
            why=f"it needs {needed:,} bytes and {free:,} are free",
            next="remove versions that nothing names by `ci-gen model gc`, or make room",
        )


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), 0o444)
        os.fsync(file.fileno())
