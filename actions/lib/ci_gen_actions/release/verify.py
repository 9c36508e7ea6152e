"""Whether what is outside of a record is as the record says: evidence files, the registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..core.oci import Registry, digest_of, parse_reference
from . import artifact
from .record import Record, to_bytes


def of_evidence(record: Record, folder: Path) -> Iterator[str]:
    """Which evidence files of the record's own run are not those below the folder.

    Raises OSError.
    """
    there: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.json")):
        if path.is_file():
            there.setdefault(path.stem, set()).add(digest_of(path.read_bytes()))
    for each in record["evidence"]:
        if each["reused_from"] is not None:
            continue
        digests = there.get(each["stage"], set())
        if not digests:
            yield f"evidence {each['stage']} is not in {folder}"
        elif each["sha256"] not in digests:
            found = ", ".join(sorted(digests))
            yield f"evidence {each['stage']} is {each['sha256']}, and in {folder} {found}"


def of_registry(record: Record, registry: Registry) -> Iterator[str]:
    """Where the registry says otherwise. Raises CannotDecide, UsageError."""
    image = parse_reference(str(record["image"]["reference"]))
    found = registry.describe(image.repository, image.digest)
    if found is None:
        yield f"the image {image} is not in the registry"
        return
    data = to_bytes(record)
    held = artifact.held(registry, image.repository, image.digest)
    if not any(each.data == data for each in held):
        yield f"the registry holds {len(held)} records of {image}, and this is none of them"
