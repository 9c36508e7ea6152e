"""A connection that breaks: passes bytes on to a server, and cuts where a test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Proxy:
    """Listens at `host`. `up` and `down` hold after how many bytes the next connections are cut.

    Each connection takes the next number of each; once there are none, it stays whole.
    """

    def __init__(self, server: str) -> None:
        name, _, port = server.partition(":")
        self._server = (name, int(port))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.up: list[int] = []
        self.down: list[int] = []
        self.cuts = 0

    def serve(self) -> None:
        """Take connections until `close`."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for source, target, limits in (
                (client, server, self.up),
                (server, client, self.down),
            ):
                thread = threading.Thread(
                    target=self._pass, args=(source, target, limits), daemon=True
                )
                thread.start()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _pass(self, source: socket.socket, target: socket.socket, limits: list[int]) -> None:
        passed = 0
        try:
            while block := source.recv(1 << 16):
                # Small requests stay whole: only what is longer than the limit meets it.
                if limits and passed + len(block) > limits[0]:
                    limits.pop(0)
                    self.cuts += 1
                    break
                passed += len(block)
                target.sendall(block)
        except OSError:
            pass
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            # With bytes still unread this resets the connection, so that the sender notices.
            each.close()


@contextlib.contextmanager
def cutting(server: str) -> Iterator[Proxy]:
    """A proxy before the server at `host:port`."""
    proxy = Proxy(server)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
