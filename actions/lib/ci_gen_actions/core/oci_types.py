"""What registries hold, by its media types (OCI image specification 1.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import CannotDecide

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
"""The media type of a blob of two bytes, `{}`: the config of an artifact that has none."""
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFEST_BYTES = 4 * 1024 * 1024
"""What registries must take at least, and what they usually take at most."""
BLOB_BYTES = 64 * 1024 * 1024
PAGES = 1000
"""How many pages of a list are read at most."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """What is told of a manifest without its bytes; `size` is in bytes."""

    media_type: str
    digest: str
    size: int
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The bytes of a manifest, as the registry keeps them, with their digest."""

    data: bytes
    media_type: str
    digest: str

    @property
    def descriptor(self) -> Descriptor:
        """What is told of it without its bytes."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.data))

    @property
    def value(self) -> dict[str, Any]:
        """The manifest as JSON. Raises CannotDecide where it is no JSON object."""
        return json_object(self.data, f"the manifest {self.digest}")


def json_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object out of bytes from a registry. Raises CannotDecide for anything else."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CannotDecide(f"{what} is no JSON object", why=f"it begins with {data[:60]!r}")
    return found
