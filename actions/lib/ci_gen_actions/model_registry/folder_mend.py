"""Ends what stopped writers have begun: versions not recorded yet, or not removed whole."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..core.files import write_atomically
from ..core.oci_reference import digest_of
from . import ledger, metadata
from .folder_check import damages
from .place import Place, sync
from .registry import Problem


def unfinished(place: Place, *, dry_run: bool) -> tuple[Problem, ...]:
    """Record whole versions that stand in no record, and remove the rest of removed ones.

    A version that is damaged stays as it is. With `dry_run` they are only told. Raises OSError.
    """
    if not place.folder.is_dir():
        return ()
    told = [*_halves(place, dry_run=dry_run)]
    for version in _unfinished(place):
        removed = version in place.ledger().removed
        whole = removed or not any(damages(place, version, None))
        if not whole:
            continue
        what = "it was not removed whole" if removed else "it is whole and was not recorded"
        told.append(Problem(name=place.name, version=version, file="", what=what, note=True))
        if not dry_run:
            _end(place, version)
    return tuple(told)


def discard(place: Place, version: str) -> Path:
    """Take a version out of its place; with the lock held. The caller removes it."""
    place.trash.mkdir(parents=True, exist_ok=True)
    target = place.trash / f"{version}.{secrets.token_hex(6)}"
    place.version(version).rename(target)
    sync(place.folder)
    return target


def _halves(place: Place, *, dry_run: bool) -> Iterator[Problem]:
    """Half lines of the record, as a machine that died leaves them; they are taken out."""
    unread = place.ledger().unread
    for number in unread:
        what = f"line {number} is half a line"
        yield Problem(name=place.name, version="", file=ledger.SHOWN, what=what, note=True)
    if unread and not dry_run:
        with place.locked():
            path = place.own / ledger.NAME
            lines = path.read_bytes().split(b"\n")
            unread = place.ledger().unread
            kept = [each for number, each in enumerate(lines, 1) if number not in unread]
            write_atomically(path, b"\n".join(kept).decode())


def _unfinished(place: Place) -> list[str]:
    rows = place.ledger().rows
    return sorted(each for each in place.versions() if each not in rows)


def _end(place: Place, version: str) -> None:
    trash = None
    with place.locked():
        # Its own writer, or another cleaner, may have come first.
        if version not in _unfinished(place):
            return
        if version in place.ledger().removed:
            trash = discard(place, version)
        else:
            data = (place.version(version) / metadata.NAME).read_bytes()
            row = ledger.row_of(metadata.parse(data), digest_of(data), len(data))
            place.record(ledger.line(row))
    if trash is not None:
        shutil.rmtree(trash, ignore_errors=True)
