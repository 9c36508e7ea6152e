"""A registry of models in an OCI registry, its records and pointers on the data branch.

A version is a manifest under the tag `v<version>` of the repository `<base>/<model>`. What binds
is the line in versions.jsonl on the branch, which names the manifest by digest: no registry can
give out a tag only once. The order of a publication is: layers, manifest by digest, the line, the
tag; so a tag never names something that is not recorded, and whoever is stopped before the line
has left nothing but layers that the registry's own garbage collection removes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..core.errors import UsageError
from ..core.oci import MANIFEST, Manifest, Reference, Registry, digest_of, parse_reference
from ..core.oci_blobs import push_file, read
from . import branch_files, ledger, metadata, modelpack, names, oci_check, signing
from .branch_files import BranchFiles
from .data_branch import DataBranch
from .declared import Malformed
from .history import Move
from .ledger import Row
from .metadata import Metadata, ModelFile
from .registry import (
    Asked,
    Draft,
    Located,
    Problem,
    Published,
    Resolved,
    damaged,
    no_model,
    no_version,
    taken,
)

TIMEOUT = 300.0
"""How long a registry may take to answer: it reads a large blob once more before it does."""


class OciRegistry:
    """A `ModelRegistry` below `host/repository`."""

    def __init__(
        self, place: Reference, branch: DataBranch, *, username: str = "", password: str = ""
    ) -> None:
        self.place = place
        self.client = Registry(place.host, username=username, password=password, timeout=TIMEOUT)
        self.files = BranchFiles(branch, place.host, place.repository)

    @property
    def location(self) -> str:
        """Where it is, as people write it."""
        return f"oci://{self.place.name}"

    def models(self) -> tuple[str, ...]:
        """The names of all models."""
        return tuple(each.name for each in self.files.models())

    def versions(self, name: str) -> tuple[Row, ...]:
        """The versions that were published, the oldest first."""
        return ledger.ordered(self.files.model(names.model_name(name)).ledger.rows.values())

    def pointers(self, name: str) -> Mapping[str, str]:
        """What each pointer names."""
        return self.files.model(names.model_name(name)).pointers

    def history(self, name: str) -> tuple[Move, ...]:
        """Every move."""
        return self.files.model(names.model_name(name)).moves

    def resolve(self, name: str, wanted: str) -> Resolved:
        """The version that a version's or a pointer's name leads to."""
        known = self._known(name)
        pointer = "" if names.is_version(wanted) else names.pointer_name(wanted)
        version = known.pointers.get(pointer, "") if pointer else names.version_name(wanted)
        row = known.ledger.rows.get(version)
        if row is None:
            there = [*known.pointers, *(each.version for each in self.versions(name))]
            raise no_version(name, wanted, there, f"{self.location}/{name}")
        image = self.image(name, row)
        found = self.metadata(name, row)
        url = f"oci://{image}"
        files = tuple(
            Located(name=each.name, sha256=each.sha256, size=each.size, url=url)
            for each in found.weights
        )
        return Resolved(
            name=name,
            version=version,
            pointer=pointer,
            metadata=found,
            files=files,
            reference=url,
            digest=image.digest,
        )

    def publish(self, draft: Draft) -> Published:
        """Make a version: layers, manifest, the line that binds, and the tag."""
        name = draft.metadata.model_name
        repository = self.repository(name)
        there = self._there(name, draft.metadata)
        if there is None:
            told = self._addressed(draft.metadata)
            row = self._pushed(replace(draft, metadata=told), repository)
            there = self.files.publish(name, row, self.location)
        self.tag(name, there.row)
        reference = f"oci://{self.image(name, there.row)}"
        return Published(row=there.row, reference=reference, already=there.already)

    def move(self, name: str, asked: Asked) -> Move:
        """Move a pointer on the data branch."""
        self._known(name)
        return self.files.move(name, asked, f"{self.location}/{name}")

    def problems(self, name: str, versions: Sequence[str] = ()) -> tuple[Problem, ...]:
        """Everything wrong with a model; every byte of the versions is read."""
        return oci_check.problems(self, self._known(name), versions)

    def remove(self, name: str, versions: Sequence[str], at: str) -> tuple[str, ...]:
        """Remove versions: first the line that says so, then the manifests."""
        self._known(name)
        gone = self.files.remove(name, versions, at)
        for row in gone:
            self.client.delete_manifest(self.repository(name), str(row.digest))
        return tuple(each.version for each in gone)

    def clean(self, *, name: str = "", dry_run: bool) -> tuple[Problem, ...]:
        """Set the tags that stopped publishers did not, and delete what stopped removers left."""
        return tuple(
            problem
            for model in ([name] if name else self.models())
            for problem in oci_check.unfinished(self, model, mend=not dry_run)
        )

    def held(self, version: Resolved, temporary: Path) -> Path:
        """Copies of every file of the version."""
        repository = self.repository(version.name)
        manifest = self.client.manifest(repository, version.digest)
        for layer in modelpack.read(manifest, version.reference) if manifest else ():
            with (temporary / Path(layer.name).name).open("wb") as file:
                read(self.client, repository, layer.digest, file.write)
        return temporary

    def head(self, version: Resolved, file: Located, length: int) -> Iterable[bytes]:
        """The first bytes of a model file, of which no more is fetched."""
        blocks: list[bytes] = []
        repository = self.repository(version.name)
        read(self.client, repository, f"sha256:{file.sha256}", blocks.append, length=length)
        return blocks

    # For the checks --------------------------------------------------------------------------

    def repository(self, name: str) -> str:
        """The repository of a model. Raises UsageError for a name that no registry takes."""
        if name != name.lower():
            raise UsageError(
                f"{name} cannot be in an OCI registry",
                why="names of repositories have no capital letters",
                next=f"call the model {name.lower()}",
            )
        return parse_reference(f"{self.place.name}/{names.model_name(name)}").repository

    def image(self, name: str, row: Row) -> Reference:
        """The manifest of a version, by digest."""
        place = replace(self.place, repository=self.repository(name))
        return place.at(str(row.digest))

    def manifest(self, name: str, row: Row) -> Manifest | None:
        """The manifest of a version, None where the registry has none."""
        return self.client.manifest(self.repository(name), str(row.digest))

    def metadata(self, name: str, row: Row) -> Metadata:
        """metadata.json of a version. Raises CannotDecide where it is damaged."""
        where = str(self.image(name, row))
        if self.manifest(name, row) is None:
            raise damaged(name, row.version, "the registry has no such manifest", where)
        data = self.client.blob(self.repository(name), row.metadata, limit=metadata.BYTES)
        if data is None:
            raise damaged(name, row.version, f"the registry has no {metadata.NAME}", where)
        try:
            return metadata.parse(data)
        except Malformed as error:
            raise damaged(name, row.version, f"{metadata.NAME}: {error}", where) from None

    def tag(self, name: str, row: Row) -> None:
        """Let the version's tag name its manifest."""
        repository, tag = self.repository(name), names.folder_name(row.version)
        found = self.client.describe(repository, tag)
        if found is None or found.digest != row.digest:
            self.client.tag(repository, str(row.digest), tag)

    # -----------------------------------------------------------------------------------------

    def _known(self, name: str) -> branch_files.Model:
        known = self.files.model(names.model_name(name))
        if not known.ledger.rows:
            raise no_model(name, self.models(), self.location)
        return known

    def _there(self, name: str, told: Metadata) -> Published | None:
        """The version where it was published before. Raises ChangedMeanwhile."""
        known = self.files.model(name).ledger
        row = known.rows.get(told.version) or known.removed.get(told.version)
        if row is not None and row.checksum != told.checksum:
            raise taken(row, name, told.checksum, f"{self.location}/{name}")
        if row is None or told.version in known.removed:
            return None
        if self.manifest(name, row) is None:
            what = "the registry has no such manifest"
            raise damaged(name, row.version, what, str(self.image(name, row)))
        return Published(row=row, reference=f"oci://{self.image(name, row)}", already=True)

    def _addressed(self, told: Metadata) -> Metadata:
        if told.download_url:
            return told
        base = f"{self.client.transport.origin}/v2/{self.repository(told.model_name)}/blobs"
        return replace(told, download_url=f"{base}/sha256:{told.weights[0].sha256}")

    def _pushed(self, draft: Draft, repository: str) -> Row:
        """Send the layers, then the manifest that names them; the row of the version."""
        told, described = draft.metadata, metadata.to_bytes(draft.metadata)
        elsewhere = self._elsewhere(told)
        for part in draft.parts:
            digest = f"sha256:{part.sha256}"
            push_file(self.client, repository, part.path, digest, mount_from=elsewhere)
        small = {metadata.NAME: described, **_signature(draft, described)}
        files = (*told.files, *(_file(name, data) for name, data in small.items()))
        settings = modelpack.config(told, files)
        for data in (draft.report, settings, *small.values()):
            self.client.push_blob(repository, data)
        data = modelpack.manifest(files, told, _file("", settings))
        digest = self.client.push_manifest(repository, "", data, MANIFEST)
        return ledger.row_of(told, digest_of(described), len(described), manifest=digest)

    def _elsewhere(self, told: Metadata) -> tuple[str, ...]:
        """A repository that has this very model under another name: its layers need no upload."""
        for model in self.files.models():
            rows = model.ledger.rows.values() if model.name != told.model_name else ()
            if any(each.checksum == told.checksum for each in rows):
                return (self.repository(model.name),)
        return ()


def _signature(draft: Draft, described: bytes) -> dict[str, bytes]:
    """The signature of all files, made in a folder that looks as the version will."""
    if draft.sign is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="ci-gen-sign-") as folder:
        place = Path(folder)
        for part in draft.parts:
            (place / part.name).symlink_to(part.path.absolute())
        (place / metadata.REPORT).write_bytes(draft.report)
        (place / metadata.NAME).write_bytes(described)
        return {signing.NAME: draft.sign(place)}


def _file(name: str, data: bytes) -> ModelFile:
    digest = digest_of(data).partition(":")[2]
    return ModelFile(name=name, sha256=digest, size=len(data))
