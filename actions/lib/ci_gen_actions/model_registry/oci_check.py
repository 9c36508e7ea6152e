"""What is wrong with a model in an OCI registry: every byte is compared with what was published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..core import oci_blobs
from ..core.errors import CannotDecide
from . import ledger, metadata, modelpack, names, signing
from .branch_files import Model
from .ledger import Row
from .registry import Problem

if TYPE_CHECKING:
    from .oci_store import OciRegistry


def problems(store: OciRegistry, known: Model, versions: Sequence[str] = ()) -> tuple[Problem, ...]:
    """The problems of some versions, or of all with those of the model. Raises CannotDecide."""
    found: list[Problem] = []
    for row in ledger.ordered(known.ledger.rows.values()):
        if not versions or row.version in versions:
            found += _version(store, known.name, row)
    if not versions:
        found += _model(known)
        found += unfinished(store, known.name, mend=False)
    return tuple(found)


def unfinished(store: OciRegistry, name: str, *, mend: bool) -> Iterator[Problem]:
    """What stopped writers left: tags that are not set, manifests that are not deleted."""
    known = store.files.model(name)
    repository = store.repository(name)
    tags = set(store.client.tags(repository))
    for row in ledger.ordered(known.ledger.rows.values()):
        tag = names.folder_name(row.version)
        if tag not in tags and store.manifest(name, row) is not None:
            yield _problem(
                name, row.version, tag, "a stopped writer has not set this tag", note=True
            )
            if mend:
                store.tag(name, row)
    for row in known.ledger.removed.values():
        if store.client.describe(repository, str(row.digest)) is not None:
            what = "a stopped writer has not deleted its manifest"
            yield _problem(name, row.version, "", what, note=True)
            if mend:
                store.client.delete_manifest(repository, str(row.digest))


def _version(store: OciRegistry, name: str, row: Row) -> Iterator[Problem]:
    repository, tag = store.repository(name), names.folder_name(row.version)
    try:
        manifest = store.manifest(name, row)
        if manifest is None:
            yield _problem(name, row.version, "", f"the registry has no manifest {row.digest}")
            return
        layers = modelpack.read(manifest, f"{name} {row.version}")
        told = store.metadata(name, row)
    except CannotDecide as error:
        if "could not be reached" in error.what or "refused access" in error.what:
            raise
        yield _problem(name, row.version, "", f"{error.what}: {error.why}")
        return
    named = store.client.describe(repository, tag)
    if named is not None and named.digest != row.digest:
        yield _problem(
            name, row.version, f"tag {tag}", f"it names {named.digest}, not {row.digest}"
        )
    if (told.model_name, told.version, told.checksum) != (name, row.version, row.checksum):
        yield _problem(
            name, row.version, metadata.NAME, f"it is that of {told.model_name} {told.version}"
        )
    wanted = {each.name: (f"sha256:{each.sha256}", each.size) for each in told.files}
    wanted |= {each.name: (each.digest, each.size) for each in layers if each.name == signing.NAME}
    wanted[metadata.NAME] = (row.metadata, row.size - sum(each.size for each in told.files))
    there = {each.name: each for each in layers}
    for file in sorted(set(wanted) - set(there)):
        yield _problem(name, row.version, file, "it is no layer of the manifest")
    for layer in layers:
        what = _layer(store, repository, layer, wanted.get(layer.name))
        if what:
            yield _problem(name, row.version, layer.name, what)


def _layer(
    store: OciRegistry, repository: str, layer: modelpack.Layer, wanted: tuple[str, int] | None
) -> str:
    """What is wrong with a layer, "" where nothing is."""
    if wanted is None:
        return "it was not published with this version"
    if (layer.digest, layer.size) != wanted:
        return f"the manifest has {layer.digest}, published was {wanted[0]}"
    found = oci_blobs.measured(store.client, repository, layer.digest)
    if found is None:
        return "the registry has not got it"
    if found != wanted:
        return f"the registry gives {found[0]} of {found[1]:,} bytes, published was {wanted[0]}"
    return ""


def _model(known: Model) -> Iterator[Problem]:
    for number in known.ledger.unread:
        yield _problem(known.name, "", ledger.NAME, f"line {number} is none")
    for pointer, target in known.pointers.items():
        if target not in known.ledger.rows:
            yield _problem(known.name, "", pointer, f"it names {target}, which is not there")


def _problem(name: str, version: str, file: str, what: str, *, note: bool = False) -> Problem:
    return Problem(name=name, version=version, file=file, what=what, note=note)
