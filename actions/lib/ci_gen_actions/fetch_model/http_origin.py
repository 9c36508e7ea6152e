"""A file at an HTTP address, of which ranges are asked for."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from . import addresses
from .failures import Changed, Failure
from .http_client import Authorization, HttpClient, anonymous, failure, refusal
from .part import Identity

if TYPE_CHECKING:
    import urllib3

PIECE = 1 << 18
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_EXPIRED = (401, 403, 404, 410)


class HttpOrigin:
    """The file at `url`. The address behind redirects is kept while it works."""

    def __init__(
        self, client: HttpClient, url: str, authorization: Authorization = anonymous
    ) -> None:
        self._client = client
        self._url = url
        self._authorization = authorization
        self._mutex = threading.Lock()
        self._behind = ""

    @property
    def shown(self) -> str:
        """The address without anything secret."""
        return addresses.shown(self._url)

    def open(self, start: int, end: int | None, validator: str) -> HttpStream:
        """Ask for a range. Raises Failure, or Changed where the file is another one now."""
        headers = {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        if validator:
            headers["If-Range"] = validator
        behind = self._behind
        if behind:
            response, _ = self._client.get(behind, headers)
            if response.status not in _EXPIRED:
                return self._stream(response, start, end)
            # Addresses behind a redirect are often signed, and good for some minutes only.
            response.close()
            with self._mutex:
                self._behind = ""
        response, found = self._client.get(self._url, headers, self._authorization)
        with self._mutex:
            elsewhere = addresses.origin_of(found) != addresses.origin_of(self._url)
            self._behind = found if elsewhere else ""
        return self._stream(response, start, end)

    def _stream(
        self, response: urllib3.BaseHTTPResponse, start: int, end: int | None
    ) -> HttpStream:
        told = response.headers
        if response.status == 416 and start == 0:  # no byte to give a range of
            response.close()
            return HttpStream(response, self._identity(response, 0), 0, partial=False)
        if response.status == 416:  # it has become shorter than what is asked for
            response.close()
            raise Changed
        if response.status not in (200, 206):
            raise refusal(response)
        if told.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            response.close()
            raise Failure(
                f"it sends the file compressed ({told['Content-Encoding'][:40]!r}), "
                "though that was not asked for",
                final=True,
            )
        if response.status == 200:
            length = told.get("Content-Length", "")
            size = int(length) if length.isdigit() else None
            return HttpStream(response, self._identity(response, size), 0, partial=False)
        found = _RANGE.fullmatch(told.get("Content-Range", "").strip())
        if not found or int(found[1]) != start or int(found[2]) >= int(found[3]):
            response.close()
            raise Failure("it sends another range than the one that was asked for")
        if end is not None and int(found[2]) >= end:
            response.close()
            raise Failure("it sends more than the range that was asked for")
        return HttpStream(response, self._identity(response, int(found[3])), start, partial=True)

    def _identity(self, response: urllib3.BaseHTTPResponse, size: int | None) -> Identity:
        return Identity(
            url=self.shown,
            size=size,
            etag=response.headers.get("ETag", "").strip()[:500],
            modified=response.headers.get("Last-Modified", "").strip()[:100],
        )


class HttpStream:
    """The body of one answer."""

    def __init__(
        self,
        response: urllib3.BaseHTTPResponse,
        identity: Identity,
        start: int,
        *,
        partial: bool,
    ) -> None:
        self._response = response
        self.identity = identity
        self.start = start
        self.partial = partial

    def read(self) -> bytes:
        """The next bytes as they come, b"" at the end. Raises Failure."""
        try:
            return self._response.read1(PIECE, decode_content=False) or b""
        except Exception as error:  # also what a shut down socket raises inside the library
            raise failure(error) from None

    def stop(self) -> None:
        """Let a read in another thread end at once."""
        try:
            self._response.shutdown()
        except (OSError, ValueError, RuntimeError, AttributeError):
            return  # it has ended already

    def close(self) -> None:
        """Give the connection back where the body was read, else end it."""
        unread = getattr(self._response, "length_remaining", None)
        if unread == 0:
            self._response.release_conn()
        else:
            self._response.close()
