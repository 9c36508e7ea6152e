"""Records into the registry, then tags: in this order, so that no tag names half a release.

A run that is stopped in between has left records without tags, or moved some of them; the next
one finds what is there and does the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..core.dialect import Dialect
from ..core.errors import ActionError, CannotDecide
from ..core.oci import Reference, Registry
from . import artifact
from .record import Record, to_bytes


@dataclass(frozen=True, kw_only=True)
class Published:
    """What is in the registry now: the image, the record's artifact, the tags that name it."""

    image: Reference
    record: Reference
    tags: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def push(registry: Registry, image: Reference, record: Record) -> Reference:
    """The record beside its image, as found there after the push; its artifact."""
    return image.at(artifact.push(registry, image.repository, record, to_bytes(record)))


def move(
    registry: Registry, image: Reference, record: Record, tags: Iterable[str], ci: Dialect
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Let the tags name the image, in this order; those that do now, and those left alone.

    A tag that names a newer release stays: a slow run must not take back what a later one
    released. Raises CannotDecide.
    """
    moved, kept = [], []
    for tag in tags:
        newer = _newer(registry, image, tag, record)
        if newer:
            ci.warning(f"the tag {tag} stays: it names a newer release, {newer}")
            kept.append(tag)
            continue
        registry.tag(image.repository, image.digest, tag)
        found = registry.describe(image.repository, tag)
        if found is None or found.digest != image.digest:
            raise CannotDecide(
                f"the tag {tag} does not name the image after it was moved",
                where=f"{image.name}:{tag}",
                why=f"expected {image.digest}, found {found.digest if found else 'nothing'}",
                next="see whether another run moves the same tags; then run again",
            )
        ci.log(f"{image.name}:{tag} is {image.digest}")
        moved.append(tag)
    return tuple(moved), tuple(kept)


def _newer(registry: Registry, image: Reference, tag: str, record: Record) -> str:
    """What a tag names, where that was made after this release; else ""."""
    current = registry.describe(image.repository, tag)
    if current is None or current.digest == image.digest:
        return ""
    try:
        records = artifact.held(registry, image.repository, current.digest)
    except ActionError as error:
        # A record that nobody can read is no reason to hold back a good release.
        if isinstance(error, CannotDecide) and "could not be reached" in error.what:
            raise
        return ""
    theirs = records[0].record if records else None
    if theirs and theirs["created"] > record["created"]:
        return f"{current.digest} of commit {theirs['commit'][:12]}"
    return ""
