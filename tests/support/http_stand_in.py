"""A web server that answers as a test tells it, where a real service cannot be made to err so."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is answered. `cut` ends the connection before that many bytes of the body are sent.

    `wait` is seconds before the answer begins, `drip` seconds before each byte of its body.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int = 0
    wait: float = 0.0
    drip: float = 0.0


class StandIn:
    """The server at `host`; `asked` holds every request, in order."""

    def __init__(
        self, answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None, port: int
    ) -> None:
        self.asked: list[Asked] = []
        self.answer = answer
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.host = f"127.0.0.1:{self.server.server_port}"


@contextlib.contextmanager
def stand_in(
    answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[StandIn]:
    """A server on loopback, on a free port where none is named; with `tls` it speaks https."""
    one = StandIn(answer, tls, port)
    thread = threading.Thread(target=one.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.closing.set()
        one.server.shutdown()
        one.server.server_close()
        thread.join()


def _handler(one: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(
                method=self.command, path=self.path, headers=dict(self.headers), body=body
            )
            one.asked.append(asked)
            given = one.answer(asked)
            one.closing.wait(given.wait)
            self.send_response(given.status)
            for name, text in given.headers.items():
                self.send_header(name, text)
            if not {"Content-Length", "Transfer-Encoding"} & set(given.headers):
                self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self._send(given.body[: -given.cut] if given.cut else given.body, given.drip)
            self.close_connection = True

        def _send(self, body: bytes, drip: float) -> None:
            step = 1 if drip else max(len(body), 1)
            # The client may have gone by then.
            with contextlib.suppress(OSError):
                for start in range(0, len(body), step):
                    if one.closing.wait(drip):
                        return
                    self.wfile.write(body[start : start + step])

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_CONNECT = _serve  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Nothing to the test's output."""

    return Handler
