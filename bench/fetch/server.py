"""A server of one file for measurements: ranges by sendfile, and the answers of a model hub.

    python server.py FILE SHA256

prints its port. Every path ends in the file; `/<repository>/resolve/...` has the hub's headers.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    path_served = Path()
    sha256 = ""

    def do_GET(self) -> None:
        """Send the range that is asked for, or all."""
        size = self.path_served.stat().st_size
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(found[1]) if found else 0
        end = min(int(found[2]) + 1, size) if found and found[2] else size
        self.send_response(206 if found else 200)
        if found:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", f'"{self.sha256}"')
        self.send_header("Accept-Ranges", "bytes")
        if "/resolve/" in self.path:
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("X-Linked-ETag", f'"{self.sha256}"')
            self.send_header("X-Linked-Size", str(size))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.flush()
        with self.path_served.open("rb") as file:
            while start < end:
                try:
                    sent = os.sendfile(
                        self.connection.fileno(), file.fileno(), start, min(end - start, 1 << 22)
                    )
                except OSError:
                    self.close_connection = True
                    return
                start += sent

    do_HEAD = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """Serve until the process is ended."""
    Handler.path_served, Handler.sha256 = Path(sys.argv[1]), sys.argv[2]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
