"""The record beside its image: an OCI artifact whose subject is the image."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..core.errors import CannotDecide, UsageError
from ..core.oci import EMPTY, MANIFEST, Descriptor, Reference, Registry, digest_of
from .check import parse
from .record import MEDIA_TYPE, Record

FILE = "release.json"
RECORD_BYTES = 16 * 1024 * 1024
_NO_CONFIG = b"{}"


@dataclass(frozen=True, kw_only=True)
class Held:
    """A record in a registry: its artifact's digest, its bytes and what they say."""

    digest: str
    data: bytes
    record: Record


def manifest(record: Record, data: bytes, image: Descriptor) -> bytes:
    """The artifact's manifest. The same record makes the same bytes: pushing twice is once."""
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": MEDIA_TYPE,
        "config": {"mediaType": EMPTY, "digest": digest_of(_NO_CONFIG), "size": len(_NO_CONFIG)},
        "layers": [
            {
                "mediaType": MEDIA_TYPE,
                "digest": digest_of(data),
                "size": len(data),
                "annotations": {"org.opencontainers.image.title": FILE},
            }
        ],
        "subject": {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": image.size,
        },
        "annotations": {
            "org.opencontainers.image.created": record["created"],
            "org.opencontainers.image.revision": record["commit"],
            "org.opencontainers.image.version": record["version"],
            "io.github.ci-gen.release.verdict": record["verdict"],
        },
    }
    return json.dumps(value, indent=2, sort_keys=True).encode()


def push(registry: Registry, repository: str, record: Record, data: bytes) -> str:
    """Put the record beside its image, and read it back; the artifact's digest.

    Raises CannotDecide where the image is not there, or the registry holds something else.
    """
    digest = str(record["image"]["digest"])
    image = registry.describe(repository, digest)
    if image is None:
        raise CannotDecide(
            f"the image is not in the registry {registry.host}",
            where=f"{registry.host}/{repository}@{digest}",
            why="a record lies beside its image",
            next="see that image-build pushed it, and that nothing removed it since",
        )
    registry.push_blob(repository, _NO_CONFIG)
    registry.push_blob(repository, data)
    pushed = registry.push_manifest(repository, "", manifest(record, data, image), MANIFEST)
    there = {each.digest: each for each in held(registry, repository, digest)}
    if pushed not in there or there[pushed].data != data:
        raise CannotDecide(
            f"the registry {registry.host} does not give the record back",
            where=f"{registry.host}/{repository}@{digest}",
            why=f"{pushed} is not among what refers to the image",
            next="run again",
        )
    return pushed


def held(registry: Registry, repository: str, image: str) -> tuple[Held, ...]:
    """Every record of the image `image`, the newest first. Raises CannotDecide, UsageError.

    What refers to the image and speaks of another one is no record of it.
    """
    found = [
        _read(registry, repository, each.digest)
        for each in registry.referrers(repository, image, MEDIA_TYPE)
    ]
    there = [each for each in found if each and each.record["image"]["digest"] == image]
    return tuple(
        sorted(there, key=lambda each: (each.record["created"], each.digest), reverse=True)
    )


def of(registry: Registry, reference: Reference) -> tuple[Held, ...]:
    """The records of an image, or the one record that the reference names itself.

    Empty where there is neither. Raises CannotDecide, UsageError.
    """
    found = registry.manifest(reference.repository, reference.pointer)
    if found is None:
        return ()
    if found.value.get("artifactType") == MEDIA_TYPE:
        one = _read(registry, reference.repository, found.digest)
        return (one,) if one else ()
    return held(registry, reference.repository, found.digest)


def _read(registry: Registry, repository: str, digest: str) -> Held | None:
    found = registry.manifest(repository, digest)
    if found is None:
        return None
    shown = f"{registry.host}/{repository}@{digest}"
    layers = found.value.get("layers")
    layer = layers[0] if isinstance(layers, list) and layers else {}
    try:
        data = registry.blob(repository, str(layer.get("digest")), limit=RECORD_BYTES)
    except (UsageError, AttributeError):
        data = None
    if data is None:
        raise CannotDecide(f"{shown} is no whole release record", why="its file is missing")
    return Held(digest=digest, data=data, record=parse(data, shown))
