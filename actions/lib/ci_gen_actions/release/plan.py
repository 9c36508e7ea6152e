"""What will be published, and under which tags. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..core.dialect import Event
from ..core.errors import UsageError
from ..core.image_tags import image_tags, suffix
from ..core.oci_reference import Reference, parse_reference
from .options import MOVING, Options
from .record import Record


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """Whether records and tags go to the registry, and why."""

    wanted: bool
    why: str


def publishing(options: Options, event: Event, platform: str) -> Publishing:
    """Whether to publish. Raises UsageError for half a login."""
    if options.publish == "never":
        return Publishing(wanted=False, why="the input publish says never")
    if options.publish == "auto" and platform == "terminal":
        return Publishing(wanted=False, why="this is no CI; the input publish can say always")
    if options.publish == "auto" and event.unmerged:
        return Publishing(wanted=False, why="the change is not merged")
    if bool(options.username) != bool(options.password):
        lacking = "password" if options.username else "username"
        raise UsageError(
            f"the input {lacking} is empty",
            where=f"input {lacking}",
            why="a login needs both",
            next="see that the secret is set and that this run may read it",
        )
    return Publishing(wanted=True, why="it is asked for")


def place(options: Options, record: Record) -> Reference | None:
    """Where the image lies in the registry, by digest; None where it was not pushed.

    Raises UsageError for an input repository that is none.
    """
    digest, reference = record["image"]["digest"], record["image"]["reference"]
    if not digest:
        return None
    if options.repository:
        return parse_reference(options.repository).at(digest)
    return parse_reference(reference).at(digest) if reference else None


def moving_tags(
    options: Options, event: Event, record: Record, existing: Iterable[str]
) -> tuple[str, ...]:
    """The tags that follow this release, in the order in which they move: latest is the last.

    `existing` are the repository's tags, among them the versions that were released.
    """
    variant = record["variant"]
    end = suffix(variant)
    released = [each.removesuffix(end) for each in existing if each.endswith(end)]
    rules = [rule for rule in MOVING if rule in options.tags]
    return image_tags(rules, event, record["commit"], variant=variant, released=released)


def file_name(record: Record) -> str:
    """The name of a record's file, unique among the images of a run."""
    name = f"{record['service'] or 'image'}-{record['variant']}"
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}.json"
