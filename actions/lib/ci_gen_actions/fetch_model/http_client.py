"""Requests over HTTP: proxies, certificates, redirects, and who may see the credentials.

Credentials go to the origin (scheme, host, port) of the first address alone, and never along a
redirect to another. Proxies and certificates are those of the environment: HTTPS_PROXY, ALL_PROXY,
NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from ..core.errors import UsageError
from ..core.oci_reference import is_loopback
from . import addresses
from .failures import BUSY, Failure, now, retry_after

if TYPE_CHECKING:
    import urllib3

AGENT = "ci-gen"
REDIRECTS = 10
CONNECT_SECONDS = 20.0
_MOVED = (301, 302, 303, 307, 308)

Authorization = Callable[[bool], str]
"""The header for a request; True asks for a fresh one, since the last was refused. "" for none."""


def anonymous(_again: bool) -> str:
    """No credentials."""
    return ""


class HttpClient:
    """Connections, reused; used by several threads. `stall` bounds each wait, in seconds."""

    def __init__(
        self, environ: Mapping[str, str], *, stall: float, allow_http: bool, connections: int = 4
    ) -> None:
        self._environ = environ
        self._stall = stall
        self._allow_http = allow_http
        self._connections = connections

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        authorization: Authorization = anonymous,
        *,
        method: str = "GET",
        follow: bool = True,
    ) -> tuple[urllib3.BaseHTTPResponse, str]:
        """The answer, not yet read, and the address that gave it. Raises Failure.

        Redirects are followed; one to another place of the same site keeps the credentials.
        """
        home = addresses.origin_of(url)
        again = False
        hops = 0
        while True:
            sent = {"User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
            told = authorization(again) if addresses.origin_of(url) == home else ""
            if told:
                sent["Authorization"] = told
            response = self._send(method, url, sent)
            if response.status == 401 and told and not again:
                again = True
                response.drain_conn()
                response.release_conn()
                continue
            location = response.headers.get("Location", "")
            if not follow or response.status not in _MOVED or not location:
                return response, url
            response.drain_conn()
            response.release_conn()
            hops += 1
            url = self._hop(url, location, hops)

    def _hop(self, url: str, location: str, hops: int) -> str:
        if hops > REDIRECTS:
            raise Failure(f"it redirects more than {REDIRECTS} times", final=True)
        target = addresses.next_hop(url, urljoin(url, location), allow_http=self._allow_http)
        if not target:
            where = addresses.shown(urljoin(url, location))
            raise Failure(
                f"it redirects to {where}, which is not protected",
                final=True,
                next="give an address that stays on https://",
            )
        return target

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        import urllib3

        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, self._stall), read=self._stall)
        try:
            return self._pool(url).request(
                method,
                url,
                headers=dict(headers),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=timeout,
            )
        except urllib3.exceptions.HTTPError as error:
            raise failure(error) from None
        except (UnicodeError, ValueError) as error:
            raise Failure(f"it cannot be asked: {error}", final=True) from None

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = self._proxy(url)
        return self._proxied(proxy) if proxy else self._direct

    def _proxy(self, url: str) -> str:
        parts = urlsplit(url)
        if is_loopback(parts.netloc):
            return ""
        # These two read os.environ, which is where our environment came from.
        if urllib.request.proxy_bypass(parts.netloc):
            return ""
        known = urllib.request.getproxies_environment()
        return known.get(parts.scheme) or known.get("all") or ""

    @cached_property
    def _direct(self) -> urllib3.PoolManager:
        import urllib3

        return urllib3.PoolManager(**self._pool_arguments())

    @cached_property
    def _proxies(self) -> dict[str, urllib3.ProxyManager]:
        return {}

    def _proxied(self, proxy: str) -> urllib3.ProxyManager:
        import urllib3

        if proxy not in self._proxies:
            parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise Failure(
                    f"the proxy {parts.scheme}://{parts.hostname} is of a kind that is not known",
                    final=True,
                    next="name an http:// or https:// proxy in HTTPS_PROXY",
                )
            user = unquote(parts.username or "") + ":" + unquote(parts.password or "")
            login = urllib3.make_headers(proxy_basic_auth=user) if parts.username else None
            address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            self._proxies[proxy] = urllib3.ProxyManager(
                address, proxy_headers=login, **self._pool_arguments()
            )
        return self._proxies[proxy]

    def _pool_arguments(self) -> dict[str, Any]:
        return {
            "num_pools": 8,
            "maxsize": self._connections,
            "block": False,
            "ssl_context": self._tls,
        }

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()  # knows SSL_CERT_FILE and SSL_CERT_DIR
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            named = self._environ.get(name, "")
            if named:
                _trust(context, name, named)
        return context


def _trust(context: ssl.SSLContext, variable: str, named: str) -> None:
    try:
        if os.path.isdir(named):  # noqa: PTH112 - a text of the environment
            context.load_verify_locations(capath=named)
        else:
            context.load_verify_locations(cafile=named)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the certificates of {variable} cannot be read", where=named, why=str(error)
        ) from None


def failure(error: Exception) -> Failure:
    """What an error of the library means here."""
    import urllib3

    inner = getattr(error, "reason", None) or getattr(error, "original_error", None) or error
    text = str(inner) or type(inner).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return Failure(
            f"its certificate is not trusted: {text}",
            final=True,
            next="name the certificate authority's file in SSL_CERT_FILE",
        )
    if isinstance(error, urllib3.exceptions.LocationParseError | urllib3.exceptions.InvalidHeader):
        return Failure(f"it cannot be asked: {text}", final=True)
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        # "HTTPSConnection(host='example.com', port=443): Failed to ...": the host is told anyway
        return Failure(text.rpartition("): ")[2][:300] if "): " in text else text[:300])
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return Failure("it was silent for too long")
    return Failure(text[:300])


def refusal(response: urllib3.BaseHTTPResponse) -> Failure:
    """What an answer without the bytes means; the answer is closed."""
    status = response.status
    after = retry_after(response.headers.get("Retry-After", ""), now())
    response.close()
    why = f"it answered {status}" + (f" {response.reason}" if response.reason else "")
    why = "".join(each if each.isprintable() else "?" for each in why)[:200]
    if status in BUSY:
        return Failure(why, after=after, crowded=status in (429, 503))
    following = {
        401: "see that token, or username and password, are right and may read it",
        403: "see that token, or username and password, are right and may read it",
        404: "see that the address is right, and that the credentials may see it",
        410: "it was taken away: ask who keeps it",
        407: "the proxy wants a user and a password: write them into HTTPS_PROXY",
    }
    return Failure(why, final=True, next=following.get(status, ""))
