"""HTTP to one registry: retries, redirects, sizes and errors; what a body means is not its matter.

Credentials go to the registry's own origin and, over TLS, to its realm; never along a redirect
to somebody else. TLS is checked against the system's certificates (or SSL_CERT_FILE), and the
proxies of the environment are used, except for loopback.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from email.message import Message
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from .errors import CannotDecide
from .oci_auth import TOKEN_BYTES, Credentials, answer, denied, parse_challenges
from .oci_reference import DOCKER_HUB, is_loopback

PAUSES = (0.5, 1.5, 4.0)
"""Seconds between the tries of a request that did not get through."""
WAIT_AT_MOST = 30.0
"""The longest Retry-After that is obeyed, in seconds."""
REDIRECTS = 5
BLOCK = 1 << 20
"""How much of a large body is in memory at once, in bytes."""
_AGENT = "ci-gen"
BUSY = (429, 500, 502, 503, 504)
"""Statuses after which it is worth trying again."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer, whole. `url` is where it came from after redirects."""

    status: int
    headers: Message
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()

    @property
    def next_page(self) -> str:
        """The path of a list's next page at the same registry, "" on the last one."""
        match = re.search(r'<([^>]*)>\s*;\s*rel="?next"?', self.headers.get("Link", ""))
        if not match:
            return ""
        parts = urlsplit(urljoin(self.url, match[1]))
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


Body = bytes | Callable[[], Iterable[bytes]] | None
"""What is sent: bytes, or what makes the blocks anew for each try."""
Sink = Callable[[bytes], object]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request without its place. A body out of blocks needs a header Content-Length.

    With a `sink` the body of an answer 200 or 206 goes there block by block, and none is kept;
    else `limit` bounds it in bytes.
    """

    method: str
    headers: Mapping[str, str]
    body: Body = None
    limit: int = 0
    sink: Sink | None = None


class NotReached(Exception):  # noqa: N818 - told to the reader as CannotDecide
    """The connection failed; `final` where trying again cannot help."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Transport:
    """Requests to the registry at `host`; `plain_http` None means: on loopback alone."""

    def __init__(
        self,
        host: str,
        credentials: Credentials,
        *,
        plain_http: bool | None,
        timeout: float,
        pauses: tuple[float, ...],
    ) -> None:
        self.host = host
        self.credentials = credentials
        self._timeout = timeout
        self._pauses = pauses
        # Docker Hub's images are named by one host and served by another.
        address = "registry-1.docker.io" if host == DOCKER_HUB else host
        plain = is_loopback(host) if plain_http is None else plain_http
        self.origin = f"{'http' if plain else 'https'}://{address}"
        self._authorization = ""

    def request(
        self,
        method: str,
        url: str,
        *,
        repository: str,
        good: Iterable[int],
        limit: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Response:
        """Send a request until it is answered; the answer has one of the statuses `good`.

        `url` may be a path on the registry; `limit` bounds the body in bytes. Raises
        CannotDecide, which names the host and the repository.
        """
        where = f"{method} {self.host}/{repository}"
        accepted = tuple(good)
        sent = Sent(method=method, headers=headers or {}, body=body, limit=limit)
        for pause in (*self._pauses, None):
            try:
                response = self.attempt(url, repository, sent)
            except NotReached as error:
                if pause is None or error.final:
                    raise self.unreachable(where, str(error)) from error
                time.sleep(pause)
                continue
            if response.status in accepted:
                return response
            if response.status not in BUSY or pause is None:
                raise self.refused(where, repository, response)
            time.sleep(_wait(response, pause))
        raise AssertionError("the last try returns or raises")

    def attempt(self, url: str, repository: str, sent: Sent) -> Response:
        """One try; where the registry asks who we are, a second one with the answer.

        Raises NotReached where the connection fails, CannotDecide where there is no token.
        """
        target = urljoin(self.origin, url)
        authorization = self._authorization
        response = self._follow(target, sent, authorization)
        if response.status != 401 or _origin(response.url) != _origin(self.origin):
            return response
        reading = sent.method in ("GET", "HEAD")
        fresh = answer(
            parse_challenges(response.headers.get_all("WWW-Authenticate", [])),
            self.credentials,
            host=self.host,
            scope=f"repository:{repository}:{'pull' if reading else 'pull,push'}",
            fetch=self._fetch_token,
        )
        if not fresh or (fresh == authorization and fresh == self.credentials.basic):
            return response
        self._authorization = fresh
        return self._follow(target, sent, fresh)

    def fresh_authorization(self, repository: str) -> str:
        """The header by which this registry lets us read a repository, "" where it needs none.

        Raises CannotDecide where it does not let us, or cannot be reached.
        """
        self._authorization = ""
        self.request("GET", "/v2/", repository=repository, good=(200, 404), limit=TOKEN_BYTES)
        return self._authorization

    def _fetch_token(self, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        # A realm that redirects would be handed the password for somebody else: not followed.
        response = self._once(url, Sent(method="GET", headers=headers, limit=TOKEN_BYTES))
        if response.status in BUSY:
            raise NotReached(
                f"the token service {url.partition('?')[0]} answered {response.status}"
            )
        return response.status, response.body

    def _follow(self, url: str, sent: Sent, authorization: str) -> Response:
        """Send it and follow redirects; only the registry's own origin sees `authorization`."""
        known = {**sent.headers, "Authorization": authorization}
        for _ in range(REDIRECTS + 1):
            ours = _origin(url) == _origin(self.origin) and authorization
            response = self._once(url, replace(sent, headers=known) if ours else sent)
            location = response.headers.get("Location", "")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                return response
            if sent.method not in ("GET", "HEAD") and response.status not in (307, 308):
                return response
            url = self.secure(urljoin(url, location))
        raise NotReached(f"more than {REDIRECTS} redirects", final=True)

    def secure(self, url: str) -> str:
        """The URL, if it is not worse protected than the registry itself.

        Raises NotReached for a step down from https to http.
        """
        parts = urlsplit(url)
        own = _origin(url) == _origin(self.origin)
        local = parts.scheme == "http" and is_loopback(parts.netloc) and is_loopback(self.host)
        if parts.hostname and (parts.scheme == "https" or own or local):
            return url
        shown = f"{parts.scheme}://{parts.netloc}"
        raise NotReached(f"it sends on to {shown[:200]}, which is not protected", final=True)

    def _once(self, url: str, sent: Sent) -> Response:
        request = urllib.request.Request(  # noqa: S310 - `secure` knows only http and https
            url,
            data=sent.body() if callable(sent.body) else sent.body,
            headers={"User-Agent": _AGENT, **sent.headers},
            method=sent.method,
        )
        opener = self._direct if is_loopback(urlsplit(url).netloc) else self._proxied
        try:
            try:
                answered = opener.open(request, timeout=self._timeout)
            except urllib.error.HTTPError as error:
                answered = error  # an answer like any other
            with answered:
                data = _received(answered, sent, url)
                return Response(
                    status=answered.status, headers=answered.headers, body=data, url=url
                )
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            final = isinstance(cause, ssl.SSLCertVerificationError | ValueError)
            why = str(cause) or type(cause).__name__
            raise NotReached(self.credentials.redact(why), final=final) from None

    @cached_property
    def _proxied(self) -> urllib.request.OpenerDirector:
        return urllib.request.build_opener(
            _NoRedirect(), urllib.request.HTTPSHandler(context=ssl.create_default_context())
        )

    @cached_property
    def _direct(self) -> urllib.request.OpenerDirector:
        return urllib.request.build_opener(
            _NoRedirect(),
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        )

    def unreachable(self, where: str, why: str) -> CannotDecide:
        """The error for a registry that does not answer."""
        return CannotDecide(
            f"the registry {self.host} could not be reached",
            where=where,
            why=self.credentials.redact(why),
            next="see that the registry runs and that this machine reaches it, then run again",
        )

    def refused(self, where: str, repository: str, response: Response) -> CannotDecide:
        """The error for an answer that says no."""
        told = self.credentials.redact(_told(response.body))
        why = f"it answered {response.status}" + (f": {told}" if told else "")
        if response.status in (401, 403):
            return denied(self.host, self.credentials, why, repository)
        busy = response.status in BUSY
        return CannotDecide(
            f"the registry {self.host} did not do what it was asked",
            where=where,
            why=why,
            next="run again later" if busy else "the registry's log says more",
        )


def _received(answered: Any, sent: Sent, url: str) -> bytes:
    """The body, empty where it went to the sink. Raises NotReached where it ends early."""
    if sent.method == "HEAD":
        return b""
    if sent.sink is None or answered.status not in (200, 206):
        return _bounded(answered, sent.limit, url)
    count = 0
    while block := answered.read(BLOCK):
        sent.sink(block)
        count += len(block)
    length = answered.headers.get("Content-Length", "")
    if length.isdigit() and count < int(length):
        raise NotReached(f"the connection ended after {count} of {length} bytes")
    return b""


def _bounded(answered: Any, limit: int, url: str) -> bytes:
    """The body. Raises NotReached for one that is too large or ends early."""
    data: bytes = answered.read(limit + 1)
    if len(data) > limit:
        raise NotReached(f"{url.partition('?')[0]} is larger than {limit} bytes", final=True)
    length = answered.headers.get("Content-Length", "")
    # An answer that ends early is no error to http.client where a size was given.
    if length.isdigit() and len(data) < int(length):
        raise NotReached(f"the connection ended after {len(data)} of {length} bytes")
    return data


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, (parts.hostname or "").lower(), port


def _wait(response: Response, pause: float) -> float:
    asked = response.headers.get("Retry-After", "")
    return min(float(asked), WAIT_AT_MOST) if asked.isdigit() else pause


def _told(body: bytes) -> str:
    """What the registry says in its own words: the errors of the distribution specification."""
    try:
        first = json.loads(body)["errors"][0]
        text = f"{first.get('code', '')} {first.get('message', '')}"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.split())[:300]
