"""One GET, against real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ci_gen_actions.image_build import http


@contextmanager
def answering(data: bytes) -> Iterator[int]:
    """A port where whoever asks gets these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def asked(data: bytes) -> http.Answer:
    with answering(data) as port:
        return http.get("127.0.0.1", port, "/health", 5)


def test_an_answer() -> None:
    found = asked(b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno")
    assert (found.status, found.body, found.words) == (503, b"no", "status 503")


def test_no_more_than_its_limit_is_read() -> None:
    size = http.BODY_BYTES + 1000
    found = asked(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * http.BODY_BYTES + b"y" * 1000)
    assert len(found.body) == http.BODY_BYTES < size


def test_what_is_no_http() -> None:
    for data in (b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n"):
        found = asked(data)
        assert found.status == 0
        assert found.words.startswith("no answer (")


def test_an_answer_that_is_cut_off() -> None:
    found = asked(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
    assert found.status in (0, 200)
    assert found.body in (b"", b"short")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = http.get("127.0.0.1", port, "/", 5)
    assert found.status == 0
    assert "refused" in found.words
