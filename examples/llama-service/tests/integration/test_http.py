"""The service over HTTP, as a container or a load balancer meets it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import alphabet_model

from conftest import binary


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _start(model: Path, port: int) -> subprocess.Popen[bytes]:
    command = [str(binary()), "listen", "--model", str(model), "--port", str(port)]
    return subprocess.Popen([*command, "--context", "256", "--chat-template", "plain"])


def ask(port: int, path: str, document: object = None) -> tuple[int, dict[str, object]]:
    """The status and the JSON of one request."""
    data = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    """Until /health says so; the server must not end before."""
    for _ in range(600):
        assert server.poll() is None, "the server ended"
        try:
            if ask(port, "/health")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail("the server never became healthy")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "alphabet.gguf"
    alphabet_model.write(path)
    return path


@pytest.fixture(scope="module")
def port(model: Path) -> Iterator[int]:
    port = _free_port()
    with _start(model, port) as server:
        try:
            wait_until_healthy(server, port)
            yield port
        finally:
            server.kill()


def test_health(port):
    assert ask(port, "/health") == (200, {"status": "ok"})


def test_props_tells_the_build_and_the_model(port, model):
    status, properties = ask(port, "/props")
    assert status == 200
    assert properties["model_path"] == str(model)
    version, _, commit = str(properties["build_info"]).partition("-")
    assert version.count(".") == 2
    assert commit


def test_a_completion(port):
    status, answer = ask(port, "/completion", {"id": "1", "prompt": "abc", "max_tokens": 2})
    assert status == 200
    assert answer == {"id": "1", "text": "de", "tokens": 2, "finish_reason": "length"}


def test_a_wrong_request_is_refused_with_the_reason(port):
    status, answer = ask(port, "/completion", {"prompt": "abc", "max_token": 2})
    assert status == 400
    assert "no key 'max_token'" in str(answer["error"])


def test_what_is_not_there(port):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/nothing", timeout=30)
    assert caught.value.code == 404


def test_a_taken_port_is_refused(port, model):
    done = subprocess.run(
        [str(binary()), "listen", "--model", str(model), "--port", str(port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(model, signum):
    port = _free_port()
    with _start(model, port) as server:
        try:
            wait_until_healthy(server, port)
            server.send_signal(signum)
            assert server.wait(30) == 0
        finally:
            server.kill()
