"""The action smoke-test against a real llama-server with a real model."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import llama_package
from tests.support.actions import bare_environment, read_evidence, run_action

pytestmark = pytest.mark.e2e

KEY = "a-key-of-the-tests-0123456789"
SECONDS = "300"
"""Two cores may have much else to do."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    with tarfile.open(llama_package.server_package()) as archive:
        archive.extractall(folder, filter="data")
    return folder / "bin/llama-server"


@contextlib.contextmanager
def served(program: Path, *arguments: str) -> Iterator[str]:
    """A llama-server that has just been started, and is loading; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [program, "--model", llama_package.smollm2(), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*argv, "--ctx-size", "512", "--parallel", "1", "--threads", "1", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def asked(workspace: Path, url: str, **given: str) -> tuple[int, dict[str, dict[str, object]]]:
    """The exit status, and what was recorded of each check."""
    options = {"url": url, "start_timeout": SECONDS, "request_timeout": SECONDS, **given}
    inputs = {f"CI_GEN_SMOKE_TEST_{name.upper()}": text for name, text in options.items()}
    ended = run_action("smoke-test", workspace, bare_environment(**inputs))
    assert KEY not in ended.stdout + ended.stderr
    evidence = read_evidence(workspace, "smoke-test")
    assert KEY not in json.dumps(evidence)
    return ended.code, {each["check"]: each for each in evidence["findings"]["checks"]}


def test_with_a_key_and_embeddings(program: Path, tmp_path: Path) -> None:
    (tmp_path / "more.json").write_text(
        '{"version": 1, "requests": [{"name": "tokens", "method": "POST", "path": "/tokenize",'
        ' "body": {"content": "hello"}, "expect": {"json": [{"path": "tokens[0]"}]}}]}'
    )
    with served(program, "--api-key", KEY, "--embeddings", "--pooling", "mean") as url:
        code, checks = asked(
            tmp_path,
            url,
            api_key=KEY,
            authentication="required",
            embeddings="required",
            expected_model=llama_package.smollm2().name,
            requests="more.json",
            repeat="2",
        )
        assert {name: each["verdict"] for name, each in checks.items()} == dict.fromkeys(
            ("health", "identity", "completion", "chat", "stream", "embeddings", "auth", "tokens"),
            "PASS",
        )
        assert code == 0
        code, checks = asked(tmp_path, url, api_key=f"{KEY}-old", checks="chat")
        assert (code, checks["chat"]["verdict"]) == (1, "FAIL")
        code, checks = asked(tmp_path, url, checks="chat")
        assert (code, checks["chat"]["verdict"]) == (3, "ERROR")


def test_without_key_and_embeddings(program: Path, tmp_path: Path) -> None:
    with served(program) as url:
        code, checks = asked(tmp_path, url, repeat="1")
        assert code == 0
        assert [name for name, each in checks.items() if each["skipped"]] == ["embeddings", "auth"]
        code, checks = asked(tmp_path, url, checks="identity", expected_build="b1-0000000")
        assert (code, checks["identity"]["verdict"]) == (1, "FAIL")
        code, checks = asked(
            tmp_path, url, checks="auth\ncompletion", api_key=KEY, authentication="required"
        )
        assert (code, checks["auth"]["verdict"]) == (1, "FAIL")  # it serves everybody


def test_a_server_that_is_killed(program: Path, tmp_path: Path) -> None:
    with served(program) as url:
        assert asked(tmp_path, url, checks="identity")[0] == 0
    code, checks = asked(tmp_path, url, checks="identity", start_timeout="1")
    assert (code, checks["health"]["verdict"]) == (3, "ERROR")
