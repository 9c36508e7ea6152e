"""Small real images with a server that behaves as a test wants, made in milliseconds."""

from __future__ import annotations

import functools
import io
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.action_runs import FIXTURES
from tests.support.engine import engine, missing

HEALTHCHECK = 'HEALTHCHECK --interval=30s --timeout=3s CMD ["/server", "check"]'
SOURCE = FIXTURES / "image-server" / "server.c"


@functools.cache
def program() -> bytes:
    """The server as one static binary, which needs nothing in its image."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "server"
        try:
            subprocess.run(["gcc", "-static", "-Os", SOURCE, "-o", target], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            missing(f"gcc cannot link a static program here: {error}")
        return target.read_bytes()


def dockerfile(mode: str = "", *lines: str, user: str = "10001:10001", check: bool = True) -> str:
    """A Dockerfile for the server in `mode`; `lines` come before its entry point."""
    text = [
        "FROM scratch",
        "COPY server /server",
        f"ENV MODE={mode}",
        *lines,
        *([f"USER {user}"] if user else []),
        *([HEALTHCHECK] if check else []),
        'ENTRYPOINT ["/server"]',
    ]
    return "".join(f"{line}\n" for line in text)


@contextmanager
def built(text: str, more: Mapping[str, bytes] | None = None) -> Iterator[str]:
    """The id of an image made from a Dockerfile and `more` files; it is removed afterwards."""
    client = engine()
    files = {"Dockerfile": (text.encode(), 0o644), "server": (program(), 0o755)}
    context = _packed({**files, **{name: (data, 0o644) for name, data in (more or {}).items()}})
    # A name of its own: two equal Dockerfiles make one image, which another test may still use.
    name = f"ci-gen-test/{uuid.uuid4().hex[:12]}"
    image, _log = client.images.build(
        fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True
    )
    try:
        yield str(image.id)
    finally:
        client.images.remove(name, force=True)


def _packed(files: dict[str, tuple[bytes, int]]) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, (data, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))
    stream.seek(0)
    return stream


def trial_objects(client: Any, labels: Sequence[str]) -> list[str]:
    """The containers, networks and volumes with these labels that the engine holds."""
    api, filters = client.api, {"label": list(labels)}
    found = [f"container {each['Id']}" for each in api.containers(all=True, filters=filters)]
    found += [f"network {each['Name']}" for each in api.networks(filters=filters)]
    volumes = api.volumes(filters=filters).get("Volumes") or ()
    return [*found, *(f"volume {each['Name']}" for each in volumes)]
