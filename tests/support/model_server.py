"""A web server that serves one file, well or in every way that servers are known to err."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: its number from 0 on, and what it asks for; `start` is None without a range."""

    number: int
    path: str
    headers: Mapping[str, str]
    start: int | None
    method: str = "GET"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How a request is answered.

    `cut` ends the connection after so many bytes of the body; `hang` waits so many seconds there
    first; `pace` waits so many seconds after each kilobyte. `ranges` False sends the whole file.
    `data` None is the server's.
    """

    status: int = 200
    data: bytes | None = None
    etag: str | None = '"one"'
    headers: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = True
    honour_if_range: bool = True
    cut: int | None = None
    hang: float = 0
    pace: float = 0
    chunked: bool = False


Rule = Callable[[Asked], Reply]


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that was killed is no error here."""


class ModelServer:
    """The server at `url`; `rule` may be changed while it runs; `asked` holds all requests."""

    def __init__(self, data: bytes, rule: Rule) -> None:
        self.data = data
        self.rule = rule
        self.asked: list[Asked] = []
        self.sent = 0
        self.ended = threading.Event()
        self._mutex = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/model.gguf"

    def note(self, method: str, path: str, headers: Mapping[str, str]) -> Asked:
        """Count a request."""
        found = re.fullmatch(r"bytes=(\d+)-\d*", headers.get("Range", ""))
        with self._mutex:
            asked = Asked(
                number=len(self.asked),
                path=path,
                headers=dict(headers),
                start=int(found[1]) if found else None,
                method=method,
            )
            self.asked.append(asked)
        return asked

    def count(self, sent: int) -> None:
        """Count bytes of bodies."""
        with self._mutex:
            self.sent += sent


def well(_asked: Asked) -> Reply:
    """As a good server answers."""
    return Reply()


@contextlib.contextmanager
def serving(data: bytes, rule: Rule = well) -> Iterator[ModelServer]:
    """A server on a free loopback port."""
    one = ModelServer(data, rule)
    thread = threading.Thread(target=one.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.ended.set()
        one.server.shutdown()
        one.server.server_close()
        thread.join()


def first(*replies: Reply) -> Rule:
    """The first requests are answered so, the others well."""
    return lambda asked: replies[asked.number] if asked.number < len(replies) else Reply()


def _handler(one: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = one.note(self.command, self.path, self.headers)
            reply = one.rule(asked)
            body, status, extra = _body(one, asked, reply)
            self.send_response(status)
            for name, text in {**extra, **reply.headers}.items():
                self.send_header(name, text)
            if reply.etag is not None:
                self.send_header("ETag", reply.etag)
            self.send_header(
                *(
                    ("Transfer-Encoding", "chunked")
                    if reply.chunked
                    else ("Content-Length", str(len(body)))
                )
            )
            self.end_headers()
            if self.command != "HEAD":
                self._send(body, reply)

        do_HEAD = do_GET  # noqa: N815

        def _send(self, body: bytes, reply: Reply) -> None:
            rest = body if reply.cut is None else body[: reply.cut]
            piece = 1024 if reply.pace else 1 << 16
            with contextlib.suppress(OSError):
                for place in range(0, len(rest), piece):
                    data = rest[place : place + piece]
                    framed = b"%x\r\n%s\r\n" % (len(data), data) if reply.chunked else data
                    self.wfile.write(framed)
                    one.count(len(data))
                    if reply.pace:
                        one.ended.wait(reply.pace)
                if reply.cut is not None:
                    one.ended.wait(reply.hang)
                    self.close_connection = True
                elif reply.chunked:
                    self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            """Nothing to the test's output."""

    return Handler


def _body(one: ModelServer, asked: Asked, reply: Reply) -> tuple[bytes, int, dict[str, str]]:
    """The bytes, the status and the headers that belong to them."""
    if reply.status != 200:
        return b"no", reply.status, {}
    data = one.data if reply.data is None else reply.data
    told = asked.headers.get("If-Range", "")
    current = not told or not reply.honour_if_range or told == reply.etag
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("Range", ""))
    if not (found and reply.ranges and current):
        return data, 200, {}
    start = int(found[1])
    end = min(int(found[2]) + 1 if found[2] else len(data), len(data))
    if start >= len(data):
        return b"", 416, {"Content-Range": f"bytes */{len(data)}"}
    return data[start:end], 206, {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
