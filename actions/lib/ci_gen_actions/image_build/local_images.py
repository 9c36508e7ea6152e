"""The names that images of our runs have in the engine: kept for later steps, not for ever."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .leftovers import engine_time

if TYPE_CHECKING:
    import docker

KEPT_SECONDS = 24 * 3600.0
"""How long an image keeps its name: later steps of the same job need it, and nobody else."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
_OURS = re.compile(r":\w+-([0-9a-f]{8,9})-[0-9a-f]{8}$")


def new_tag(commit: str, now: float) -> str:
    """A tag that no other run has, so that none moves or removes it. It tells when it was made.

    `now` is in seconds since 1970; by whose clock does not matter, as a day is long.
    """
    return f"{commit[:12] or 'local'}-{int(now):08x}-{secrets.token_hex(4)}"


def forget(client: docker.DockerClient, reference: str) -> None:
    """Take the name away, and with its last name the image. A failing engine keeps both."""
    import requests
    from docker.errors import DockerException

    with contextlib.suppress(DockerException, requests.exceptions.RequestException):
        client.images.remove(reference)


@contextlib.contextmanager
def held(client: docker.DockerClient, reference: str) -> Iterator[None]:
    """Forget the image at the end, also where a signal ends it."""
    try:
        yield
    finally:
        forget(client, reference)


def forget_old(client: docker.DockerClient, reference: str, repository: str = "") -> list[str]:
    """Forget the images of this name that got it a day ago or earlier; their references.

    Those of `repository` go too: a push has such a name while it lasts, and one that was killed
    could not take it away.
    """
    import requests
    from docker.errors import DockerException

    removed: list[str] = []
    name = reference.rpartition(":")[0]
    with contextlib.suppress(DockerException, requests.exceptions.RequestException):
        now = engine_time(client)
        for each in client.images.list(name=name):
            if is_old(each.attrs, each.tags, now):
                tags = [tag for tag in each.tags if tag.rpartition(":")[0] in (name, repository)]
                removed += [tag for tag in tags if tag != reference]
        for tag in removed:
            forget(client, tag)
    return removed


def is_old(attributes: Any, names: Iterable[str], now: float) -> bool:
    """Whether an image got its newest name longer ago than it needs one.

    The names themselves are asked, too: with containerd's image store, an engine tells of an
    image that it just built the time that its layers have, which is the commit's.
    """
    made = [int(found[1], 16) for name in names if (found := _OURS.search(name))]
    if any(now - each <= KEPT_SECONDS for each in made):
        return False
    told = str((attributes.get("Metadata") or {}).get("LastTagTime", ""))
    found = _TIME.fullmatch(told)
    if not found:
        return False
    text = found[1] + found[2].replace("Z", "+00:00")
    tagged = datetime.fromisoformat(text).astimezone(timezone.utc).timestamp()
    return tagged > 0 and now - tagged > KEPT_SECONDS
