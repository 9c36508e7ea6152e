"""Which artifacts refer to an image: asked of the registry, or kept by hand where it cannot tell.

A registry without the referrers API (such as docker-registry 2.8) keeps the list as
an index under the tag `sha256-<hex of the image>`: the "referrers tag schema" of the OCI
distribution specification 1.1. No registry can replace a tag only if it is unchanged, so two
writers at once could each drop the other's entry. Therefore a writer first gives its artifact a
tag that nobody else writes, `sha256-<hex of the image>.<start of the artifact's hex>`, and then
merges all artifacts that have such a tag into the index, until a reading finds all of them
there. Whoever writes the index last reads after it, and so finds what it dropped.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import CannotDecide
from .oci_reference import is_digest
from .oci_types import INDEX, MANIFEST_BYTES, PAGES, Descriptor, Manifest, json_object

if TYPE_CHECKING:
    from .oci import Registry

TRIES = 20
_OWN_HEX = 16
# The specification says 404; these are what registries without the API answer as well.
_NO_API = (303, 400, 404, 405, 406, 501)


def listed(registry: Registry, repository: str, digest: str) -> tuple[Descriptor, ...]:
    """What refers to the manifest `digest`. Raises CannotDecide."""
    entries = _from_api(registry, repository, digest)
    if entries is None:
        entries = list(_index(registry, repository, digest).values())
    return tuple(_descriptor(each) for each in entries if is_digest(str(each.get("digest"))))


def attach(registry: Registry, repository: str, subject: str, artifact: Manifest) -> None:
    """List an artifact, which the registry holds, among the referrers of `subject`.

    For registries that do not do so by themselves. Raises CannotDecide.
    """
    own = f"{_tag(subject)}.{artifact.digest.partition(':')[2][:_OWN_HEX]}"
    registry.put_manifest(repository, own, artifact.data, artifact.media_type)
    for attempt in range(TRIES):
        if attempt > 1:
            # Writers that met once do not meet again at the same moment.
            time.sleep(random.uniform(0, 0.2 * attempt))  # noqa: S311 - no secret
        there = _index(registry, repository, subject)
        wanted = {**there, **_tagged(registry, repository, subject, there)}
        wanted.setdefault(artifact.digest, entry_of(artifact))
        if set(wanted) == set(there):
            return
        _write(registry, repository, subject, wanted)
    raise CannotDecide(
        f"the registry {registry.host} does not keep the list of what refers to an image",
        where=f"{registry.host}/{repository}:{_tag(subject)}",
        why=f"after {TRIES} tries an entry was missing again",
        next="see whether something else writes this tag, then run again",
    )


def entry_of(artifact: Manifest) -> dict[str, Any]:
    """The artifact as an entry of the index: with its type and annotations."""
    value = artifact.value
    config = value.get("config")
    config_type = config.get("mediaType", "") if isinstance(config, dict) else ""
    entry: dict[str, Any] = {
        "mediaType": artifact.media_type,
        "digest": artifact.digest,
        "size": len(artifact.data),
        "artifactType": value.get("artifactType") or config_type,
    }
    if value.get("annotations"):
        entry["annotations"] = value["annotations"]
    return entry


def _from_api(registry: Registry, repository: str, digest: str) -> list[dict[str, Any]] | None:
    """What the referrers API lists; None where the registry has no such API."""
    url = f"/v2/{repository}/referrers/{digest}"
    found: list[dict[str, Any]] = []
    for _ in range(PAGES):
        response = registry.get(url, repository, (200, *_NO_API), MANIFEST_BYTES, INDEX)
        if response.status in _NO_API or response.media_type != INDEX:
            return None
        found += _entries(json_object(response.body, "the list of referrers"))
        following = response.next_page
        if not following:
            break
        url = following
    return found


def _index(registry: Registry, repository: str, subject: str) -> dict[str, dict[str, Any]]:
    """The entries of the index under the fallback tag, by digest."""
    found = registry.manifest(repository, _tag(subject))
    if found is None:
        return {}
    value = found.value
    if not isinstance(value.get("manifests"), list):
        raise CannotDecide(
            f"{registry.host}/{repository}:{_tag(subject)} is no list of referrers",
            why=f"it is a {found.media_type}",
            next="the tag schema of OCI reserves this tag: remove what lies there",
        )
    return {str(each.get("digest")): each for each in _entries(value)}


def _tagged(
    registry: Registry, repository: str, subject: str, known: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The artifacts that have a tag of their own and are not known yet, by digest."""
    start = f"{_tag(subject)}."
    have = {digest.partition(":")[2][:_OWN_HEX] for digest in known}
    found: dict[str, dict[str, Any]] = {}
    for tag in registry.tags(repository):
        rest = tag.removeprefix(start)
        # cosign's tags begin likewise and end in .sig and .att: they are none of ours.
        if rest == tag or rest in have or len(rest) != _OWN_HEX:
            continue
        artifact = registry.manifest(repository, tag)
        if artifact and (artifact.value.get("subject") or {}).get("digest") == subject:
            found[artifact.digest] = entry_of(artifact)
    return found


def _write(
    registry: Registry, repository: str, subject: str, wanted: Mapping[str, dict[str, Any]]
) -> None:
    # Registries refuse an index that names what was deleted meanwhile.
    kept = [each for digest, each in wanted.items() if registry.describe(repository, digest)]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": kept}
    data = json.dumps(index, indent=2).encode()
    registry.put_manifest(repository, _tag(subject), data, INDEX)


def _tag(subject: str) -> str:
    return subject.replace(":", "-")


def _entries(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = value.get("manifests")
    return [each for each in entries or () if isinstance(each, dict)]


def _descriptor(entry: Mapping[str, Any]) -> Descriptor:
    size = entry.get("size")
    annotations = entry.get("annotations")
    return Descriptor(
        media_type=str(entry.get("mediaType", "")),
        digest=str(entry["digest"]),
        size=size if isinstance(size, int) else 0,
        artifact_type=str(entry.get("artifactType", "")),
        annotations=annotations if isinstance(annotations, dict) else {},
    )
