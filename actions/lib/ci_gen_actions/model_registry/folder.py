"""A registry of models in a folder. See `place` for what lies where.

Many processes, on one machine or on a file system that they share and that knows flock, can
publish and promote at once: the lock of a model is held for the milliseconds of a rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..core.errors import ActionError, UsageError
from ..core.oci_reference import digest_of
from . import folder_check, folder_mend, history, ledger, metadata, names, staging
from .declared import Malformed
from .history import Move
from .ledger import Row
from .metadata import Metadata
from .place import Place, regular, sync
from .registry import (
    Asked,
    Draft,
    Located,
    Problem,
    Published,
    Resolved,
    damaged,
    lost,
    no_model,
    no_version,
    taken,
)


class FolderRegistry:
    """A `ModelRegistry` in the folder `root`, which the first publication creates."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.root)

    def models(self) -> tuple[str, ...]:
        """The names of all models."""
        try:
            found = sorted(each.name for each in os.scandir(self.root) if each.is_dir())
        except FileNotFoundError:
            return ()
        return tuple(each for each in found if _is_model(each) and Place(self.root, each).exists)

    def versions(self, name: str) -> tuple[Row, ...]:
        """The versions that are there, the oldest first."""
        place = Place(self.root, name)
        told = place.ledger()
        rows = []
        for version in place.versions():
            row = told.rows.get(version)
            if row is None and version not in told.removed:
                row = _unrecorded(place, version)
            if row is not None:
                rows.append(row)
        return ledger.ordered(rows)

    def pointers(self, name: str) -> Mapping[str, str]:
        """What each pointer names."""
        return Place(self.root, name).pointers()

    def history(self, name: str) -> tuple[Move, ...]:
        """Every move that was begun."""
        return Place(self.root, name).moves()

    def resolve(self, name: str, wanted: str) -> Resolved:
        """The version that a version's or a pointer's name leads to, its sizes looked at."""
        place = self._known(name)
        pointer = "" if names.is_version(wanted) else names.pointer_name(wanted)
        version = place.target(pointer) if pointer else names.version_name(wanted)
        if pointer and not version and (place.folder / pointer).is_symlink():
            what = f"{pointer} leads to {str((place.folder / pointer).readlink())!r}, no version"
            raise damaged(name, pointer, what, str(place.folder))
        told = place.ledger()
        folder = place.version(version)
        if not version or (not folder.is_dir() and version not in told.rows):
            known = [*place.pointers(), *(each.version for each in self.versions(name))]
            raise no_version(name, wanted, known, str(place.folder))
        data = _metadata_bytes(place, version)
        found = _parsed(place, version, data)
        row = told.rows.get(version)
        if row is not None and digest_of(data) != row.metadata:
            what = f"{metadata.NAME} is {digest_of(data)}, published was {row.metadata}"
            raise damaged(name, version, what, str(folder))
        return Resolved(
            name=name,
            version=version,
            pointer=pointer,
            metadata=found,
            files=tuple(_located(place, version, each) for each in found.weights),
            reference=folder.as_uri(),
            digest=digest_of(data),
        )

    def publish(self, draft: Draft) -> Published:
        """Make a version: put together out of sight, then renamed to its place."""
        place = Place(self.root, draft.metadata.model_name)
        with place.locked():
            there = self._there(place, draft)
            if there:
                return there
        with staging.staged(place, draft) as folder, place.locked():
            there = self._there(place, draft)
            if there:
                return there
            target = place.version(draft.metadata.version)
            if target.exists():  # removed, and its remover was stopped
                folder_mend.discard(place, draft.metadata.version)
            folder.rename(target)
            sync(place.folder)
            row = _row(draft.metadata)
            place.record(ledger.line(row))
        return Published(row=row, reference=target.as_uri(), already=False)

    def move(self, name: str, asked: Asked) -> Move:
        """Move a pointer under the lock."""
        place = self._known(name)
        with place.locked():
            current = place.target(names.pointer_name(asked.pointer))
            if asked.expected is not None and current != asked.expected:
                raise lost(name, asked.pointer, asked.expected, current)
            self.resolve(name, asked.version)
            move = asked.move(current)
            if current != asked.version:
                place.point(move)
        return move

    def problems(self, name: str, versions: Sequence[str] = ()) -> tuple[Problem, ...]:
        """Everything wrong with a model; every byte of the versions is read."""
        return folder_check.problems(self._known(name), versions)

    def remove(self, name: str, versions: Sequence[str], at: str) -> tuple[str, ...]:
        """Remove versions, one after the other; one that a pointer names by now stays."""
        place = self._known(name)
        gone = []
        for version in versions:
            with place.locked():
                named = {*place.pointers().values()}
                named |= {
                    history.previous(place.moves(), each, target)
                    for each, target in place.pointers().items()
                }
                if version in named or version not in place.versions():
                    continue
                if version in place.ledger().rows:
                    place.record(ledger.removal(version, at))
                trash = folder_mend.discard(place, version)
            shutil.rmtree(trash, ignore_errors=True)
            gone.append(version)
        return tuple(gone)

    def clean(self, *, name: str = "", dry_run: bool) -> tuple[Problem, ...]:
        """Remove what stopped writers left, of all models or of one."""
        told: list[Problem] = []
        for model in [name] if name else sorted(each.name for each in self._folders()):
            place = Place(self.root, model)
            told += staging.clean(place, dry_run=dry_run)
            told += folder_mend.unfinished(place, dry_run=dry_run)
        return tuple(told)

    def held(self, version: Resolved, temporary: Path) -> Path:
        """The folder of the version."""
        return Place(self.root, version.name).version(version.version)

    def head(self, version: Resolved, file: Located, length: int) -> Iterable[bytes]:
        """The first bytes of a model file."""
        with (Place(self.root, version.name).version(version.version) / file.name).open(
            "rb"
        ) as found:
            yield found.read(length)

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return [each for each in self.root.iterdir() if each.is_dir() and _is_model(each.name)]

    def _known(self, name: str) -> Place:
        place = Place(self.root, name)
        if not place.exists:
            raise no_model(name, self.models(), self.location)
        return place

    def _there(self, place: Place, draft: Draft) -> Published | None:
        """The version where it was published before, None where it was not; the lock is held.

        Also one that was removed binds: a version never names two models. A version whose
        writer was stopped before it was recorded is recorded.
        """
        version, checksum = draft.metadata.version, draft.metadata.checksum
        told = place.ledger()
        row = told.rows.get(version) or told.removed.get(version)
        if row is None and place.version(version).is_dir():
            row = _row(_parsed(place, version, _metadata_bytes(place, version)))
            place.record(ledger.line(row))
        if row is None:
            return None
        if row.checksum != checksum:
            raise taken(row, place.name, checksum, str(place.version(version)))
        if version in told.removed:
            return None
        if not place.version(version).is_dir():
            what = "its folder is gone"
            raise damaged(place.name, version, what, str(place.version(version)))
        return Published(row=row, reference=place.version(version).as_uri(), already=True)


def _row(found: Metadata) -> Row:
    data = metadata.to_bytes(found)
    return ledger.row_of(found, digest_of(data), len(data))


def _unrecorded(place: Place, version: str) -> Row | None:
    """The row of a version that stands in no ledger: of a stopped writer, or made by hand."""
    try:
        data = _metadata_bytes(place, version)
        return ledger.row_of(_parsed(place, version, data), digest_of(data), len(data))
    except ActionError:
        return None


def _metadata_bytes(place: Place, version: str) -> bytes:
    path = place.version(version) / metadata.NAME
    if regular(path) is None:
        raise damaged(place.name, version, f"{metadata.NAME} is missing", str(path.parent))
    with path.open("rb") as file:
        return file.read(metadata.BYTES + 1)


def _parsed(place: Place, version: str, data: bytes) -> Metadata:
    path = place.version(version) / metadata.NAME
    try:
        return metadata.parse(data)
    except Malformed as error:
        raise damaged(place.name, version, f"{metadata.NAME}: {error}", str(path)) from None


def _located(place: Place, version: str, file: metadata.ModelFile) -> Located:
    path = place.version(version) / file.name
    found = regular(path)
    if found is None or found.st_size != file.size:
        what = f"{file.name} has {found.st_size:,} bytes" if found else f"{file.name} is missing"
        raise damaged(place.name, version, f"{what}; published were {file.size:,}", str(path))
    return Located(name=file.name, sha256=file.sha256, size=file.size, url=path.as_uri())


def _is_model(text: str) -> bool:
    try:
        names.model_name(text)
    except UsageError:
        return False
    return True
