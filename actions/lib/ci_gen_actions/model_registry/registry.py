"""What every registry of models can do, whatever it keeps them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..core.errors import CannotDecide, ChangedMeanwhile, UsageError
from . import names
from .history import Move
from .ledger import Row
from .metadata import Metadata
from .signing import Sign


@dataclass(frozen=True, kw_only=True)
class Located:
    """A model file and where its bytes are.

    `url` is `file:///...`, or `oci://host/repository@sha256:...` with the digest of the manifest
    whose layer `sha256:<sha256>` the file is.
    """

    name: str
    sha256: str
    size: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """One version. `files` are the model files in the order in which they are loaded.

    `pointer` is what was asked for where that was a pointer, else ""; `reference` says where
    the version lies, in an OCI registry by digest; `digest` is that of the manifest there, and
    in a folder that of metadata.json.
    """

    name: str
    version: str
    pointer: str
    metadata: Metadata
    files: tuple[Located, ...]
    reference: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file to be published: where it lies, and the name that it gets; its digest is expected."""

    path: Path
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A version to be published: its metadata, the model files, and the report's bytes.

    `sign` makes the signature of a folder with all of them, where one is wanted.
    """

    metadata: Metadata
    parts: tuple[Part, ...]
    report: bytes
    sign: Sign | None = None


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a publication led to; `already` where the same model was there before."""

    row: Row
    reference: str
    already: bool


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A move that is wanted. `expected` None takes whatever the pointer names now.

    Otherwise the pointer moves only if it names `expected` ("" for nothing yet).
    """

    pointer: str
    kind: str
    version: str
    expected: str | None = None
    at: str = ""
    by: str = ""
    commit: str = ""
    reason: str = ""
    evidence: tuple[str, ...] = ()

    def move(self, before: str, *, digest: str = "", id: str = "") -> Move:
        """The move from what the pointer names now."""
        return Move(
            pointer=self.pointer,
            kind=self.kind,
            version=self.version,
            before=before,
            at=self.at,
            by=self.by,
            commit=self.commit,
            reason=self.reason,
            evidence=self.evidence,
            digest=digest,
            id=id,
        )


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong in a registry: where, and what. `version` is "" for a model's own files.

    A `note` is no damage: what a stopped writer left, which gc removes.
    """

    name: str
    version: str
    file: str
    what: str
    note: bool = False

    def __str__(self) -> str:
        place = " ".join(each for each in (self.name, self.version, self.file) if each)
        return f"{place}: {self.what}"


class ModelRegistry(Protocol):
    """A registry. Every method raises CannotDecide where the store cannot be read or written."""

    @property
    def location(self) -> str:
        """Where it is, as people write it."""

    def models(self) -> tuple[str, ...]:
        """The names of all models."""

    def versions(self, name: str) -> tuple[Row, ...]:
        """The versions of a model, the oldest first; none where there is no such model."""

    def pointers(self, name: str) -> Mapping[str, str]:
        """What each pointer of a model names."""

    def history(self, name: str) -> tuple[Move, ...]:
        """Every move of the model's pointers that was begun, the first one first."""

    def resolve(self, name: str, wanted: str) -> Resolved:
        """The version that `wanted`, a version or a pointer, names.

        Raises UsageError where there is none, which says what there is.
        """

    def publish(self, draft: Draft) -> Published:
        """Make a version. Raises ChangedMeanwhile where it is there with another model."""

    def move(self, name: str, asked: Asked) -> Move:
        """Move a pointer, if it names what is expected, else raise ChangedMeanwhile."""

    def problems(self, name: str, versions: Sequence[str] = ()) -> tuple[Problem, ...]:
        """Everything wrong with a model, or with some versions of it: every byte is read."""

    def remove(self, name: str, versions: Sequence[str], at: str) -> tuple[str, ...]:
        """Remove versions that no pointer names; those that were removed."""

    def clean(self, *, name: str = "", dry_run: bool) -> tuple[Problem, ...]:
        """Remove what stopped writers left, of all models or of one, or only say what that is."""

    def held(self, version: Resolved, temporary: Path) -> Path:
        """A folder with every file of the version: its own, or `temporary` with copies."""

    def head(self, version: Resolved, file: Located, length: int) -> Iterable[bytes]:
        """The first `length` bytes of a model file, in blocks."""


def taken(row: Row, name: str, checksum: str, location: str) -> ChangedMeanwhile:
    """The error for a version that is there with another model."""
    return ChangedMeanwhile(
        f"{name} {row.version} is there already, with another model",
        where=location,
        why=f"published is {row.checksum} of {row.created_at}, yours is {checksum}; "
        "a version never changes",
        next="publish it as a new version",
    )


def lost(name: str, pointer: str, expected: str, found: str) -> ChangedMeanwhile:
    """The error for a pointer that names something else than was expected."""
    return ChangedMeanwhile(
        f"{pointer} of {name} was not moved",
        why=f"it was expected to name {expected or 'nothing'} and names {found or 'nothing'}",
        next="see by `ci-gen model list` who moved it, and decide anew",
    )


def no_model(name: str, known: Sequence[str], location: str) -> UsageError:
    """The error for a model that is not there."""
    from ..core.reading import nearest

    near = nearest(name, known)
    shown = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
    return UsageError(
        f"there is no model {name}" + (f" - did you mean {near}?" if near else ""),
        where=location,
        why=f"the registry has {shown}" if known else "the registry is empty",
        next="" if known else "publish one by `ci-gen model publish`",
    )


def no_version(name: str, wanted: str, known: Sequence[str], location: str) -> UsageError:
    """The error for a version or pointer that is not there; `known` are those that are."""
    from ..core.reading import nearest

    near = nearest(wanted, known)
    shown = ", ".join(known[-10:])
    return UsageError(
        f"there is no {wanted} of {name}" + (f" - did you mean {near}?" if near else ""),
        where=location,
        why=f"there are {shown}" if known else "it has no versions",
        next=f"let it name one: `ci-gen model promote {name}@VERSION --to {wanted}`"
        if known and names.is_pointer(wanted)
        else "",
    )


def damaged(name: str, version: str, what: str, where: str) -> CannotDecide:
    """The error for a version that cannot be used as it is."""
    return CannotDecide(
        f"{name} {version} is damaged",
        where=where,
        why=what,
        next=f"see everything that is wrong by `ci-gen model verify {name}@{version}`",
    )
