"""The size of the image before this one, as its registry holds it: compressed layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import CannotDecide
from ..core.oci import Registry
from ..core.oci_reference import Reference
from ..core.oci_types import DOCKER_LIST, INDEX, json_object


@dataclass(frozen=True, kw_only=True)
class Remote:
    """An image in a registry. `layers` maps diff ids to compressed bytes; `size` is their sum."""

    digest: str
    size: int
    layers: Mapping[str, int]


def look_up(
    registry: Registry, reference: Reference, *, system: str, architecture: str
) -> Remote | None:
    """The image of this platform; None where the registry has none. Raises CannotDecide."""
    found = registry.manifest(reference.repository, reference.pointer)
    if found is None:
        return None
    manifest = json_object(found.data, "the manifest")
    if found.media_type in (INDEX, DOCKER_LIST):
        digest = of_platform(manifest, system, architecture)
        found = registry.manifest(reference.repository, digest) if digest else None
        if found is None:
            return None
        manifest = json_object(found.data, "the manifest")
    config = _config(registry, reference, manifest)
    sizes = [int(each.get("size", 0)) for each in manifest.get("layers") or ()]
    names = (config.get("rootfs") or {}).get("diff_ids") or ()
    return Remote(
        digest=found.digest, size=sum(sizes), layers=dict(zip(names, sizes, strict=False))
    )


def of_platform(index: Mapping[str, Any], system: str, architecture: str) -> str:
    """The digest of an index's image for a platform, "" where it has none."""
    for each in index.get("manifests") or ():
        platform = each.get("platform") or {}
        if (platform.get("os"), platform.get("architecture")) == (system, architecture):
            return str(each.get("digest", ""))
    return ""


def _config(
    registry: Registry, reference: Reference, manifest: Mapping[str, Any]
) -> dict[str, Any]:
    digest = str((manifest.get("config") or {}).get("digest", ""))
    data = registry.blob(reference.repository, digest)
    if data is None:
        raise CannotDecide(
            f"{reference} has no config in its registry",
            why=f"the blob {digest} is not there",
            next="push that image again, or compare with another one (input previous)",
        )
    return json_object(data, "the image's config")
