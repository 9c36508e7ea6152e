"""Trials where the engine is elsewhere: behind TCP, and beside the container that we run in."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.support.engine import base_image, engine, missing
from tests.support.repositories import PROJECT
from tests.support.server_images import built, dockerfile

from ci_gen_actions.core.github import GitHub
from ci_gen_actions.image_build.options import Options
from ci_gen_actions.image_build.trial import try_image

pytestmark = pytest.mark.e2e

SOCKET = "/var/run/docker.sock"
MODEL_IMAGE = dockerfile("model", 'CMD ["serve"]')


def test_an_engine_behind_tcp(tmp_path: Path) -> None:
    import docker

    if not Path(SOCKET).is_socket():
        missing(f"the engine's socket is not {SOCKET}")
    (tmp_path / "m.gguf").write_bytes(b"GGUF" * 1_000_000)
    ci = GitHub({"GITHUB_WORKSPACE": str(tmp_path)}, log=io.BytesIO(), out=io.BytesIO())
    options = Options(service="tiny", start_timeout=60, test_model="m.gguf", test_args=("{model}",))
    with behind_tcp() as port, built(MODEL_IMAGE) as image:
        client = docker.DockerClient(f"tcp://localhost:{port}", version="1.41")
        trial = try_image(client, image, options, ci)
        client.close()
    assert trial.problems == ()
    assert trial.findings["health"] == 200


SCRIPT = """\
import json, sys, docker
from ci_gen_actions.core.dialect import detect
from ci_gen_actions.image_build.options import Options
from ci_gen_actions.image_build.place import locate
from ci_gen_actions.image_build.trial import try_image
client = docker.from_env()
options = Options(service="tiny", start_timeout=60, test_model="/etc/hosts", test_args=("{model}",))
trial = try_image(client, sys.argv[1], options, detect({}))
networks = client.containers.get(locate(client).own).attrs["NetworkSettings"]["Networks"]
print(json.dumps([trial.problems, dict(trial.findings), locate(client).own, list(networks)]))
"""


def test_an_engine_whose_socket_a_job_s_container_has() -> None:
    python = [sys.prefix, sys.base_prefix, str(PROJECT)]
    # Programs of this machine in a container of its own distribution: no image has our Python.
    folders = {folder for folder in [*python, "/usr"] if Path(folder).is_dir()}
    volumes = {folder: {"bind": folder, "mode": "ro"} for folder in sorted(folders)}
    volumes[SOCKET] = {"bind": SOCKET, "mode": "rw"}
    packages = [path for path in sys.path if "site-packages" in path]
    library = str(PROJECT / "actions" / "lib")
    with built(MODEL_IMAGE) as image:
        job = engine().containers.create(
            base_image(),
            [os.path.realpath(sys.executable), "-c", SCRIPT, image],
            environment={"PYTHONPATH": os.pathsep.join([library, *packages])},
            volumes=volumes,
        )
        try:
            job.start()
            status = job.wait(timeout=120)["StatusCode"]
            said = job.logs(stdout=True, stderr=False).decode()
            log = job.logs().decode()
            identity = job.id
        finally:
            job.remove(force=True, v=True)
    if "GLIBC" in log or status in (126, 127):
        pytest.skip(f"this machine's Python does not run in {base_image()}: {log[-300:]}")
    assert status == 0, log
    problems, findings, own, networks = json.loads(said.splitlines()[-1])
    assert problems == []
    assert findings["health"] == 200
    assert findings["network"] == "closed"
    assert own == identity
    assert networks == ["bridge"], "the job's container is on no network of the trial any more"


@contextmanager
def behind_tcp() -> Iterator[int]:
    """A port of this machine behind which the engine's socket is."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            outer, _ = listener.accept()
        except OSError:
            return
        inner = socket.socket(socket.AF_UNIX)
        inner.connect(SOCKET)
        for source, target in ((outer, inner), (inner, outer)):
            threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(1 << 16):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
