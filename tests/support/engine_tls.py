"""The machine's engine behind TLS, as docker-in-docker has it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path


def certificates(folder: Path) -> None:
    """An authority, a server's and a client's certificate, as docker-in-docker makes them."""
    folder.mkdir()

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ca"),
        *("-keyout", "ca-key.pem", "-out", "ca.pem"),
    )
    for name, usage in (("server", "serverAuth"), ("", "clientAuth")):
        prefix = f"{name}-" if name else ""
        (folder / "ext").write_text(f"subjectAltName=DNS:localhost\nextendedKeyUsage={usage}\n")
        openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name or 'client'}"),
            *("-keyout", f"{prefix}key.pem", "-out", "request.pem"),
        )
        openssl(
            *("x509", "-req", "-days", "2", "-in", "request.pem", "-CA", "ca.pem"),
            *("-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", "ext"),
            *("-out", f"{prefix}cert.pem"),
        )


@contextlib.contextmanager
def engine_over_tls(certs: Path) -> Iterator[int]:
    """The machine's engine behind a port that only a client with a certificate can use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "server-cert.pem", certs / "server-key.pem")
    context.load_verify_locations(certs / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            while block := await source.read(1 << 16):
                target.write(block)
                await target.drain()
        with contextlib.suppress(OSError, NotImplementedError):
            if target.can_write_eof():
                target.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own_reader, own_writer = await asyncio.open_unix_connection("/var/run/docker.sock")
        await asyncio.gather(copy(reader, own_writer), copy(own_reader, writer))
        writer.close()
        own_writer.close()

    loop = asyncio.new_event_loop()
    start = asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    server = loop.run_until_complete(start)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
