"""The engine, and the docker clients on PATH: what is there, and how it is spoken to."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import CannotDecide
from ..core.process import capture
from .facts import Client, Engine

if TYPE_CHECKING:
    import docker

PROBE_SECONDS = 30.0
_SNAPSHOTTER = "io.containerd.snapshotter.v1"
_VERSION = re.compile(r"(\d+)\.(\d+)")


def connect(environ: Mapping[str, str], timeout: float) -> docker.DockerClient:
    """The engine that DOCKER_HOST names (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), or the
    machine's. `timeout` bounds each wait, in seconds. Raises CannotDecide.
    """
    import docker
    import requests
    from docker.constants import DEFAULT_DOCKER_API_VERSION
    from docker.errors import DockerException

    try:
        # With a version the SDK does not ask for it yet, which it would do as below.
        client = docker.from_env(
            timeout=int(timeout),
            environment=dict(environ),
            version=DEFAULT_DOCKER_API_VERSION,
        )
        api: Any = client.api
        # REQUESTS_CA_BUNDLE would win over DOCKER_CERT_PATH, and a proxy does not reach an engine.
        api.trust_env = False
        api._version = api._retrieve_server_version()
        client.ping()
    except (DockerException, requests.exceptions.RequestException) as error:
        raise CannotDecide(
            "there is no container engine here",
            where=environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
            why=str(error),
            next="start Docker on this runner and let its user use it; on GitLab give the job "
            "the engine's socket, or the service docker:dind with DOCKER_HOST and its TLS "
            "variables",
        ) from None
    return client


@contextlib.contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Failures of the engine, or of the way to it, as CannotDecide."""
    import requests
    import urllib3
    from docker.errors import DockerException

    failures = (
        DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
    )
    try:
        yield
    except failures as error:
        raise CannotDecide(
            f"the engine failed while {doing}",
            why=str(getattr(error, "explanation", None) or error)[:1000],
            next="look at the engine's log and its disk, then run again",
        ) from None


def engine(client: docker.DockerClient) -> Engine:
    """What the engine says of itself. Raises CannotDecide."""
    with engine_errors("it was asked for its version"):
        told, driver = client.version(), client.info().get("DriverStatus") or ()
    return Engine(
        version=str(told.get("Version", "")),
        api=_numbers(str(told.get("ApiVersion", ""))),
        platform=f"{told.get('Os', '')}/{told.get('Arch', '')}",
        containerd_store=any(_SNAPSHOTTER in pair for pair in driver),
    )


def clients(environ: Mapping[str, str]) -> tuple[Client, ...]:
    """Every docker client on PATH, the first first: it need not be the most able one."""
    found: dict[Path, str] = {}
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder) / "docker"
        if folder and os.access(path, os.X_OK) and path.is_file():
            found.setdefault(path.resolve(), str(path))
    return tuple(each for path in found.values() if (each := _probe(path, environ)))


def _probe(path: str, environ: Mapping[str, str]) -> Client | None:
    try:
        said = capture([path, "--version"], env=environ, timeout=PROBE_SECONDS)
    except CannotDecide:
        return None  # of another machine
    if not said.ok:
        return None
    version = _numbers(said.stdout.decode("utf-8", "replace"))
    plugin = capture([path, "buildx", "version"], env=environ, timeout=PROBE_SECONDS)
    words = plugin.stdout.decode("utf-8", "replace").split()
    if not plugin.ok or len(words) < 2:
        return Client(path=path, version=version)
    return Client(path=path, version=version, buildx=words[1], driver=_driver(path, environ))


def _driver(path: str, environ: Mapping[str, str]) -> str:
    """The driver of buildx's builder in use; `docker` where it does not say."""
    said = capture([path, "buildx", "inspect"], env=environ, timeout=PROBE_SECONDS)
    found = re.search(rb"^Driver:\s+(\S+)", said.stdout, re.MULTILINE)
    return found[1].decode("ascii", "replace") if found else "docker"


def _numbers(text: str) -> tuple[int, int]:
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
