"""What is wrong with a model in a folder: every byte is compared with what was published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..core.files import sha256
from ..core.oci_reference import digest_of
from . import history, ledger, metadata, names, signing, staging
from .declared import Malformed
from .ledger import Ledger, Row
from .metadata import Metadata
from .place import Place, regular
from .registry import Problem


def problems(place: Place, versions: Sequence[str] = ()) -> tuple[Problem, ...]:
    """The problems of some versions, or of all with those of the model. Raises OSError."""
    told = place.ledger()
    there = set(place.versions())
    wanted = versions or sorted({*told.rows, *there}, key=names.order)
    found: list[Problem] = []
    for version in wanted:
        found += _version(place, version, told, there)
    if not versions:
        found += _model(place, told, there)
    return tuple(found)


def _version(place: Place, version: str, told: Ledger, there: set[str]) -> Iterator[Problem]:
    row = told.rows.get(version)

    def problem(file: str, what: str, *, note: bool = False) -> Problem:
        return Problem(name=place.name, version=version, file=file, what=what, note=note)

    if version not in there:
        yield problem("", "it was published and its folder is gone")
        return
    if row is None and version in told.removed:
        yield problem("", "a stopped writer has not removed it whole", note=True)
        return
    if row is None:
        yield problem("", "a stopped writer has not recorded it", note=True)
    for file, what in damages(place, version, row):
        yield problem(file, what)


def damages(place: Place, version: str, row: Row | None) -> Iterator[tuple[str, str]]:
    """Each damaged file of a version that is there, and what is wrong with it. Raises OSError."""
    found = None
    for each, parsed in _metadata(place, version, row):
        if each:
            yield metadata.NAME, each
        found = parsed or found
    if found is not None:
        yield from _files(place, version, found)


def _metadata(place: Place, version: str, row: Row | None) -> Iterator[tuple[str, Metadata | None]]:
    path = place.version(version) / metadata.NAME
    if regular(path) is None:
        yield "it is missing", None
        return
    data = path.read_bytes()
    if row is not None and digest_of(data) != row.metadata:
        yield f"it is {digest_of(data)}, published was {row.metadata}", None
    try:
        found = metadata.parse(data)
    except Malformed as error:
        yield str(error), None
        return
    if (found.model_name, found.version) != (place.name, version):
        yield f"it is that of {found.model_name} {found.version}", None
    if metadata.checksum(found.weights or found.files) != found.checksum:
        yield "its checksum is not that of its files", None
    yield "", found


def _files(place: Place, version: str, found: Metadata) -> Iterator[tuple[str, str]]:
    folder = place.version(version)
    for file in found.files:
        told = regular(folder / file.name)
        if told is None:
            yield file.name, "it is missing"
        elif told.st_size != file.size:
            yield file.name, f"it has {told.st_size:,} bytes, published were {file.size:,}"
        elif (digest := sha256(folder / file.name)) != file.sha256:
            yield file.name, f"it is sha256:{digest}, published was sha256:{file.sha256}"
    known = {metadata.NAME, signing.NAME, *(each.name for each in found.files)}
    for name in sorted({each.name for each in folder.iterdir()} - known):
        yield name, "it was not published with this version"


def _model(place: Place, told: Ledger, there: set[str]) -> Iterator[Problem]:
    def problem(file: str, what: str, *, note: bool = False) -> Problem:
        return Problem(name=place.name, version="", file=file, what=what, note=note)

    for number in told.unread:
        yield problem(ledger.SHOWN, f"line {number} is half a line", note=True)
    moves = place.moves()
    for pointer, target in place.pointers().items():
        if not target:
            link = str((place.folder / pointer).readlink())
            yield problem(pointer, f"it leads to {link!r}, which is no version")
        elif target not in there:
            yield problem(pointer, f"it names {target}, which is not there")
        elif not history.happened(moves, pointer, target):
            yield problem(pointer, f"it names {target} and its history does not", note=True)
    for path in staging.leftovers(place):
        yield problem(staging.shown(path), "a stopped writer left it", note=True)
