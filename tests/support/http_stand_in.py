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
    """What is answered. `cut` ends the connection before that many bytes of the body are sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int = 0


class StandIn:
    """The server at `host`; `asked` holds every request, in order."""

    def __init__(self, answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None) -> None:
        self.asked: list[Asked] = []
        self.answer = answer
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.host = f"127.0.0.1:{self.server.server_port}"


@contextlib.contextmanager
def stand_in(
    answer: Callable[[Asked], Answer], tls: ssl.SSLContext | None = None
) -> Iterator[StandIn]:
    """A server on a free loopback port; with `tls` it speaks https."""
    one = StandIn(answer, tls)
    thread = threading.Thread(target=one.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield one
    finally:
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
            self.send_response(given.status)
            for name, text in given.headers.items():
                self.send_header(name, text)
            if "Content-Length" not in given.headers:
                self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body[: -given.cut] if given.cut else given.body)
            self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_CONNECT = _serve  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Nothing to the test's output."""

    return Handler
