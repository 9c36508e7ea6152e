"""Large blobs of a registry: sent from a file and read as a stream, never whole in memory.

A blob is sent as Docker does it, as one PATCH of all bytes, since some registries limit or lack
smaller pieces; where the connection breaks, the registry is asked how much it has, and gets the
rest (distribution specification 1.1, "Pushing a blob in chunks").
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import CannotDecide
from .oci_http import BLOCK, BUSY, NotReached, Response, Sent, Sink
from .oci_reference import checked_digest

if TYPE_CHECKING:
    from .oci import Registry

TRIES = 6
"""How often the same place of a blob is tried before the registry counts as gone."""
_ANSWER_BYTES = 1 << 20


def push_file(
    registry: Registry,
    repository: str,
    path: Path,
    digest: str,
    *,
    mount_from: Iterable[str] = (),
) -> bool:
    """Store a file as the blob `digest`; whether its bytes had to be sent.

    Nothing is sent where the repository has the blob, or can take it from one of the
    repositories `mount_from` of the same registry. Raises CannotDecide, OSError.
    """
    if registry.has_blob(repository, checked_digest(digest)):
        return False
    url = ""
    for other in mount_from:
        url = registry.mount(repository, digest, other)
        if not url:
            return False
    _Upload(registry, repository, path, digest).run(url or registry.begin(repository))
    return True


def read(
    registry: Registry,
    repository: str,
    digest: str,
    sink: Sink,
    *,
    start: int = 0,
    length: int | None = None,
) -> bool:
    """Pass a blob, or `length` bytes of it from `start`, to a sink; whether it is there.

    A connection that breaks is taken up where it ended. The digest is not looked at. Raises
    CannotDecide.
    """
    where = f"GET {registry.host}/{repository}"
    url = f"/v2/{repository}/blobs/{checked_digest(digest)}"
    got, failed = 0, 0

    def take(block: bytes) -> None:
        nonlocal got
        wanted = block if length is None else block[: length - got]
        got += len(wanted)
        sink(wanted)

    while length is None or got < length:
        before = got
        first = start + got
        last = "" if length is None else str(start + length - 1)
        headers = {"Range": f"bytes={first}-{last}"} if first or last else {}
        sent = Sent(method="GET", headers=headers, limit=_ANSWER_BYTES, sink=take)
        try:
            response = registry.transport.attempt(url, repository, sent)
        except NotReached as error:
            failed = 0 if got > before else failed + 1
            if error.final or failed >= TRIES:
                raise registry.transport.unreachable(where, str(error)) from error
            time.sleep(0.2 * 2**failed)
            continue
        if response.status == 404:
            return False
        if response.status == 416 or (first and response.status == 200):
            raise CannotDecide(
                f"the registry {registry.host} does not give a part of a blob",
                where=f"{registry.host}/{repository}@{digest}",
                why=f"asked for bytes from {first}, it answered {response.status}",
                next="run again on a connection that holds",
            )
        if response.status in (200, 206):
            return True
        failed += 1
        if response.status not in BUSY or failed >= TRIES:
            raise registry.transport.refused(where, repository, response)
        time.sleep(0.2 * 2**failed)
    return True


def measured(registry: Registry, repository: str, digest: str) -> tuple[str, int] | None:
    """The digest and the size of the bytes that the registry gives; None where there are none.

    Raises CannotDecide.
    """
    found, size = hashlib.new(digest.partition(":")[0]), 0

    def take(block: bytes) -> None:
        nonlocal size
        size += len(block)
        found.update(block)

    if not read(registry, repository, digest, take):
        return None
    return f"{found.name}:{found.hexdigest()}", size


class _Upload:
    """One blob on its way, from where the registry has it already."""

    def __init__(self, registry: Registry, repository: str, path: Path, digest: str) -> None:
        self._registry = registry
        self._http = registry.transport
        self._repository = repository
        self._path = path
        self._digest = digest
        self._size = path.stat().st_size
        self._where = f"PATCH {registry.host}/{repository}"

    def run(self, url: str) -> None:
        offset, failed, why = 0, 0, ""
        while True:
            try:
                response = self._patch(url, offset)
            except NotReached as error:
                if error.final:
                    raise self._http.unreachable(self._where, str(error)) from error
                response, why = None, str(error)
            if response is not None and response.status == 202:
                url = self._registry.upload_url(self._repository, response)
                break
            if response is not None and response.status not in (*BUSY, 404, 416):
                raise self._http.refused(self._where, self._repository, response)
            failed += 1
            if failed >= TRIES and response is not None:
                raise self._http.refused(self._where, self._repository, response)
            if failed >= TRIES:
                raise self._http.unreachable(self._where, why)
            time.sleep(0.2 * 2**failed)
            url, reached = self._progress(url)
            failed = 0 if reached > offset else failed
            offset = reached
        try:
            self._registry.finish(self._repository, url, self._digest)
        except CannotDecide as error:
            if "DIGEST_INVALID" not in error.why:
                raise
            raise CannotDecide(
                f"{self._path.name} is not the file that it was",
                where=str(self._path),
                why=f"the registry {self._registry.host} got something else than {self._digest}",
                next="see what else writes this file, then run again",
            ) from None

    def _patch(self, url: str, offset: int) -> Response:
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(self._size - offset),
        }
        if offset:
            headers["Content-Range"] = f"{offset}-{self._size - 1}"
        sent = Sent(
            method="PATCH",
            headers=headers,
            body=lambda: _blocks(self._path, offset, self._size),
            limit=_ANSWER_BYTES,
        )
        return self._http.attempt(url, self._repository, sent)

    def _progress(self, url: str) -> tuple[str, int]:
        """Where to go on: the URL, and how many bytes the registry has. It may begin anew."""
        sent = Sent(method="GET", headers={}, limit=_ANSWER_BYTES)
        try:
            response = self._http.attempt(url, self._repository, sent)
        except NotReached:
            return url, 0
        _, _, last = response.headers.get("Range", "").partition("-")
        if response.status == 204 and last.isdigit():
            # Of nothing at all registries say 0-0, as they do of one byte.
            reached = int(last) + 1 if int(last) else 0
            return self._registry.upload_url(self._repository, response), reached
        return self._registry.begin(self._repository), 0


def _blocks(path: Path, offset: int, size: int) -> Iterator[bytes]:
    """The bytes of a file from `offset`: so many as were announced, whatever became of it."""
    left = size - offset
    with path.open("rb") as file:
        file.seek(offset)
        while left:
            block = file.read(min(BLOCK, left))
            if not block:
                raise NotReached(f"{path.name} became shorter while it was sent", final=True)
            left -= len(block)
            yield block
