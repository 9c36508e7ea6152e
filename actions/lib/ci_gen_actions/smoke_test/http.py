"""One request, bounded in time and size; its answer with the moment each part of it came.

Nothing is followed and nothing is repeated: what a redirect says is an answer like any other, so
a key never goes to another host. TLS is checked against the system's certificates (or
SSL_CERT_FILE). The proxies of the environment are used, except for loopback.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from .address import Address

BODY_BYTES = 4 << 20
"""More than this of a body is not read: no answer to a small request is that long."""
_BLOCK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent. `path` is behind the address's prefix; `key` is the API key or ""."""

    method: str = "GET"
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    key: str = field(default="", repr=False)

    @property
    def words(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. Times are in seconds since the request began, connecting included.

    `reached` tells whether there was a connection; `status` is 0 where no answer began; `broken`
    says why the answer is not whole, "" where it is. `pieces` are the parts of the body and the
    moments at which they arrived. The names of `headers` are in lower case.
    """

    reached: bool = False
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[tuple[float, bytes], ...] = ()
    broken: str = ""
    seconds: float = 0.0

    @cached_property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Tls(http.client.HTTPConnection):
    """TLS whose handshake can be ended from outside: the socket is known before it."""

    def __init__(self, name: str, host: str, port: int, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._name = name

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(
            self.sock, server_hostname=self._name, do_handshake_on_connect=False
        )
        self.sock.do_handshake()


class _Sending:
    """One request under way, and what is known of its answer."""

    def __init__(self, address: Address, request: Request, timeout: float) -> None:
        self.address = address
        self.request = request
        self.timeout = timeout
        self.began = time.monotonic()
        self.expired = False
        self.reached = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[tuple[float, bytes]] = []
        self.socket: socket.socket | None = None
        self.connection, self.target = _connection(address, request, timeout)

    def run(self) -> Answer:
        broken = ""
        with self._watched():
            try:
                broken = self._exchange()
            except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
                broken = _words(error)
                # The socket's own timeout may be first by a moment.
                self.expired = self.expired or isinstance(error, TimeoutError)
            finally:
                self.connection.close()
        if self.expired:
            late = "the answer was not complete" if self.reached else "nothing answered"
            broken = f"{late} after {self.timeout:g} s"
        return Answer(
            reached=self.reached,
            status=self.status,
            headers=self.headers,
            pieces=tuple(self.pieces),
            broken=broken,
            seconds=time.monotonic() - self.began,
        )

    def _exchange(self) -> str:
        self.connection.connect()
        # http.client forgets it once it has seen that the answer ends with the connection.
        self.socket = self.connection.sock
        self.reached = True
        self.connection.request(
            self.request.method, self.target, body=self.request.body, headers=self._headers()
        )
        with self.connection.getresponse() as response:
            self.status = response.status
            for name, value in response.getheaders():
                self.headers.setdefault(name.lower(), value)
            return self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> str:
        size = 0
        while block := response.read1(_BLOCK):
            size += len(block)
            self.pieces.append((time.monotonic() - self.began, block))
            if size > BODY_BYTES:
                return f"the answer is longer than {BODY_BYTES >> 20} MiB"
        # read1 ends without an error where the connection does.
        left = response.length or 0
        return f"the connection ended {left} bytes before the answer did" if left > 0 else ""

    def _headers(self) -> dict[str, str]:
        sent = {"User-Agent": "ci-gen", "Connection": "close", "Host": self.address.netloc}
        sent.update(self.request.headers)
        if self.request.key:
            sent["Authorization"] = f"Bearer {self.request.key}"
        return sent

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """End the connection at the deadline: a socket's own timeout starts anew at each byte."""
        ended = threading.Event()
        watch = threading.Thread(target=self._expire, args=(ended,), daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()

    def _expire(self, ended: threading.Event) -> None:
        if ended.wait(self.timeout):
            return
        self.expired = True
        # Again and again: the look-up of the name may end later, and a connection begin then.
        while True:
            open_one = self.socket or self.connection.sock
            if open_one is not None:
                with contextlib.suppress(OSError):
                    # Not ssl's own shutdown, which takes the state that the reader is using.
                    socket.socket.shutdown(open_one, socket.SHUT_RDWR)
            if ended.wait(0.1):
                return


def send(address: Address, request: Request, timeout: float) -> Answer:
    """Send it once; `timeout` in seconds is for all of it but the look-up of a name."""
    return _Sending(address, request, timeout).run()


def _connection(
    address: Address, request: Request, timeout: float
) -> tuple[http.client.HTTPConnection, str]:
    """A connection that is not open yet, and the target to ask it for."""
    path = f"{address.prefix}{request.path}"
    proxy = _proxy(address)
    host, port = proxy or (address.host, address.port)
    if address.tls:
        tls = _Tls(address.host, host, port, timeout)
        if proxy:
            tls.set_tunnel(address.host, address.port)
        return tls, path
    plain = http.client.HTTPConnection(host, port, timeout=timeout)
    return plain, f"http://{address.netloc}{path}" if proxy else path


def _proxy(address: Address) -> tuple[str, int] | None:
    """The proxy that the environment names for this host."""
    if address.loopback or urllib.request.proxy_bypass(address.netloc):
        return None
    named = urllib.request.getproxies().get("https" if address.tls else "http", "")
    parts = urlsplit(named if "//" in named else f"//{named}")
    return (parts.hostname, parts.port or 80) if parts.hostname else None


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended before the answer did"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}"[:200]
