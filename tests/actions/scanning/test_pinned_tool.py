from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import os
import re
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.terminal import Terminal
from ci_gen_actions.scanning import pinned_tool
from ci_gen_actions.scanning.pinned_tool import PIN, Pin, numbers, obtain, pin_of

PROGRAM = b"#!/bin/sh\necho Version: 1.2.3\n"


def archive(name: str = "grype") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for member, data in (("LICENSE", b"free"), (name, PROGRAM)):
            facts = tarfile.TarInfo(member)
            facts.size = len(data)
            tar.addfile(facts, io.BytesIO(data))
    return made.getvalue()


@contextlib.contextmanager
def served(*answers: tuple[int, bytes]) -> Iterator[str]:
    """A server of ours that gives one answer after the other, the last one for ever."""
    rest = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = rest.pop(0) if len(rest) > 1 else rest[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/grype.tar.gz"
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned_tool.time, "sleep", lambda _: None)


def pin(url: str, data: bytes) -> Pin:
    digest = hashlib.sha256(data).hexdigest()
    return Pin(platform="linux/amd64", version="1.2.3", url=url, sha256=digest)


def got(tmp_path: Path, pin: Pin | None, path: str = "", version: str = "") -> Path | None:
    environ = {"CI_GEN_CACHE": str(tmp_path / "cache"), "PATH": path}
    ci = Terminal(environ, log=io.BytesIO())
    tool = obtain("grype", pin, lambda _: version, environ, ci)
    return tool.path if tool else None


def test_the_program_is_fetched_once_and_kept(tmp_path: Path) -> None:
    with served((200, archive()), (500, b"")) as url:
        first = got(tmp_path, pin(url, archive()))
        assert first is not None
        assert first.read_bytes() == PROGRAM
        assert os.access(first, os.X_OK)
        assert got(tmp_path, pin(url, archive())) == first
    assert list(first.parent.iterdir()) == [first]


def test_a_passing_failure_is_tried_again(tmp_path: Path) -> None:
    with served((503, b""), (200, archive())) as url:
        assert got(tmp_path, pin(url, archive())) is not None


def test_another_file_is_never_unpacked(tmp_path: Path) -> None:
    with (
        served((200, archive())) as url,
        pytest.raises(CannotDecide, match="not the file that was pinned"),
    ):
        got(tmp_path, pin(url, b"something else"))
    assert [each for each in (tmp_path / "cache").rglob("*") if each.is_file()] == []


def test_an_unreachable_place_is_told(tmp_path: Path) -> None:
    with served((404, b"")) as url, pytest.raises(CannotDecide, match="could not be downloaded"):
        got(tmp_path, pin(url, archive()))


@pytest.mark.parametrize("data", [archive("trivy"), b"no archive"])
def test_an_archive_without_the_program(tmp_path: Path, data: bytes) -> None:
    with served((200, data)) as url, pytest.raises(CannotDecide, match=r"holds no|cannot be read"):
        got(tmp_path, pin(url, data))


def test_a_program_of_that_version_on_path_is_taken(tmp_path: Path) -> None:
    own = tmp_path / "bin" / "grype"
    own.parent.mkdir()
    own.write_bytes(PROGRAM)
    own.chmod(0o755)
    nowhere = pin("http://127.0.0.1:9/x", b"")
    assert got(tmp_path, nowhere, str(own.parent), "1.2.3") == own
    assert got(tmp_path, None, str(own.parent), "9") == own
    assert got(tmp_path, None) is None
    with pytest.raises(CannotDecide):
        got(tmp_path, nowhere, str(own.parent), "1.2.4")


LINE = f"linux/amd64 0.116.1 https://example.org/g.tar.gz sha256:{'0' * 64}"


def test_pins_are_lines_for_platforms() -> None:
    assert re.fullmatch(PIN, LINE)
    found = pin_of((LINE, LINE.replace("amd64", "arm64").replace("g.tar", "h.tar")), "aarch64")
    assert found is not None
    assert (found.version, found.url) == ("0.116.1", "https://example.org/h.tar.gz")
    assert pin_of((), "x86_64") is None
    with pytest.raises(UsageError, match="nothing is pinned for aarch64"):
        pin_of((LINE,), "aarch64")
    with pytest.raises(UsageError, match="not https"):
        pin_of((LINE.replace("https", "http"),), "x86_64")


@pytest.mark.parametrize("line", [LINE[:-1], LINE.replace("amd64", "s390x"), "grype"])
def test_other_lines_are_refused(line: str) -> None:
    assert not re.fullmatch(PIN, line)


def test_version_numbers() -> None:
    assert numbers("Version: 0.116.1") == "0.116.1"
    assert numbers("none") == ""
