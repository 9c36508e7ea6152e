"""A container engine, and registries of our own beside it, for the tests of images.

Where one is missing the test is skipped with the reason; with CI_GEN_REQUIRE_ENGINES it fails,
as for the engines that run pipelines.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    import docker

BASE_IMAGE = "debian:bookworm"
USER = "ci"
REGISTRY_PROGRAM = "docker-registry"
STARTED_WITHIN = 30.0


def missing(why: str) -> NoReturn:
    """End the test: skipped, or failed where engines are required."""
    if os.environ.get("CI_GEN_REQUIRE_ENGINES"):
        pytest.fail(why)
    pytest.skip(why)


@functools.cache
def _client() -> tuple[docker.DockerClient | None, str]:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except DockerException as error:
        return None, f"there is no container engine: {error}"
    return client, ""


def engine() -> docker.DockerClient:
    """The engine's client; without an engine the test is skipped."""
    client, why = _client()
    if client is None:
        missing(why)
    return client


def base_image() -> str:
    """The name of an image that tests build on; pulled where the engine has none of that name."""
    from docker.errors import APIError, ImageNotFound

    try:
        engine().images.get(BASE_IMAGE)
    except ImageNotFound:
        try:
            engine().images.pull(BASE_IMAGE)
        except APIError as error:
            missing(f"the engine has no image {BASE_IMAGE} and cannot pull it: {error}")
    return BASE_IMAGE


class Registry:
    """A registry of its own process on a loopback port; `stop` and `start` as a test needs.

    `host` is what references begin with, `log` what the registry wrote, a line a request.
    """

    def __init__(self, folder: Path, password: str | None) -> None:
        self.folder = folder
        self.password = password or ""
        self.port = _free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        self.data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._config = folder / "config.yml"
        self._config.write_text(self._settings(), encoding="utf-8")

    @property
    def log(self) -> str:
        """What the registry wrote so far, over all its starts."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start it on its port, with what it held before; returns when it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(shutil.which(REGISTRY_PROGRAM)), "serve", str(self._config)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder)},
            )
        last = time.monotonic() + STARTED_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > last:
                self.stop()
                raise RuntimeError(f"the registry did not start:\n{self.log}")
            time.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        """Stop it; with `kill` as if the machine had died. What it stored stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections are taken and nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/v2/", timeout=5):
                return True
        except urllib.error.HTTPError as error:
            return error.code == 401
        except OSError:
            return False

    def _settings(self) -> str:
        text = f"version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {self.data}}}\n"
        text += f"  delete: {{enabled: true}}\nhttp: {{addr: '{self.host}'}}\n"
        if not self.password:
            return text
        done = subprocess.run(
            ["htpasswd", "-niB", USER],
            input=self.password.encode(),
            capture_output=True,
            check=True,
        )
        accounts = self.folder / "accounts"
        accounts.write_bytes(done.stdout)
        return f"{text}auth: {{htpasswd: {{realm: test, path: {accounts}}}}}\n"


@contextlib.contextmanager
def registry(password: str | None = None) -> Iterator[Registry]:
    """A registry of its own; with `password` for the user `ci` alone, who must log in."""
    for program in (REGISTRY_PROGRAM, *(("htpasswd",) if password else ())):
        if not shutil.which(program):
            missing(f"{program} is not on PATH (Debian: docker-registry, apache2-utils)")
    with tempfile.TemporaryDirectory(prefix="registry-") as folder:
        one = Registry(Path(folder), password)
        one.start()
        try:
            yield one
        finally:
            one.resume()
            one.stop(kill=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
