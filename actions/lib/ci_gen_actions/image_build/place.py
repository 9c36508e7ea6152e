"""Where the engine runs, and so how a container that it started can be reached from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
_OWN_ID = re.compile(r"/containers/([0-9a-f]{64})/")


@dataclass(frozen=True, kw_only=True)
class Place:
    """The engine seen from this process.

    `host` is where published ports are reached. `own` is the id of the container that this
    process runs in, where the same engine started it: published ports of the machine's loopback
    are out of reach then, and containers are spoken to on a network that both share.
    `shared_disk` says whether a path here is the same path for the engine.
    """

    host: str = LOOPBACK
    own: str = ""

    @property
    def remote(self) -> bool:
        """Whether the engine is on another machine, as with docker-in-docker."""
        return self.host != LOOPBACK

    @property
    def shared_disk(self) -> bool:
        """Whether a folder of ours can be mounted into a container."""
        return not self.remote and not self.own

    @property
    def words(self) -> str:
        """The place, for the log."""
        if self.remote:
            return f"the engine on {self.host}"
        return "the engine that runs this job's container" if self.own else "this machine's engine"


def locate(client: Any) -> Place:
    """The place of the engine that `client` speaks to."""
    from docker.errors import NotFound

    host = remote_host(client.api.base_url)
    if host:
        return Place(host=host)
    own = own_container(_mounts())
    if own:
        try:
            return Place(own=client.containers.get(own).id)
        except NotFound:
            pass  # another engine's container, such as a Kubernetes pod
    return Place()


def remote_host(base_url: str) -> str:
    """The host of an engine behind tcp or ssh, "" for one behind a local socket."""
    if base_url.startswith(("http+docker://", "http+unix://")):
        return ""
    return urlsplit(base_url).hostname or ""


def own_container(mounts: str) -> str:
    """The id of the container that a process with this /proc/self/mountinfo is in, or ""."""
    for line in mounts.splitlines():
        fields = line.split(" ")
        # The engine mounts these files of its own folder into each container.
        if len(fields) > 4 and fields[4] in ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf"):
            found = _OWN_ID.search(fields[3])
            if found:
                return found[1]
    return ""


def address(attributes: Mapping[str, Any], place: Place, port: int) -> tuple[str, int] | None:
    """Host and port of a running container's server; None while it has none.

    `attributes` is what the engine's inspection of the container answers.
    """
    network = attributes.get("NetworkSettings") or {}
    if place.own:
        for each in (network.get("Networks") or {}).values():
            if each.get("IPAddress"):
                return each["IPAddress"], port
        return None
    bindings = (network.get("Ports") or {}).get(f"{port}/tcp") or ()
    for each in bindings:
        return place.host, int(each["HostPort"])
    return None


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text("utf-8", "replace")
    except OSError:
        return ""
