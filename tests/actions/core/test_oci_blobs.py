"""Large blobs to and from real registries, on connections that break."""

from __future__ import annotations

import hashlib
import random
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import engine
from tests.support.cutting_proxy import cutting
from tests.support.http_stand_in import Answer, Asked, stand_in

from ci_gen_actions.core import oci_blobs
from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.oci import Registry
from ci_gen_actions.core.oci_blobs import measured, push_file, read

SIZE = 24_000_000


@pytest.fixture(scope="module")
def served() -> Iterator[engine.Registry]:
    with engine.registry(password="secret") as one:
        yield one


def client(host: str) -> Registry:
    return Registry(host, username=engine.USER, password="secret", pauses=(0.0,), timeout=30)


def blob(folder: Path, size: int = SIZE, seed: int = 0) -> tuple[Path, str]:
    path = folder / f"blob-{seed}"
    path.write_bytes(random.Random(seed).randbytes(size))
    return path, f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.mark.e2e
def test_there_and_back_without_holding_it(tmp_path: Path, served: engine.Registry) -> None:
    path, digest = blob(tmp_path, seed=1)
    registry = client(served.host)
    tracemalloc.start()
    assert push_file(registry, "a/one", path, digest)
    assert measured(registry, "a/one", digest) == (digest, SIZE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert not push_file(registry, "a/one", path, digest)
    assert measured(registry, "a/one", "sha256:" + "0" * 64) is None


@pytest.mark.e2e
def test_a_blob_is_taken_over_from_another_repository(
    tmp_path: Path, served: engine.Registry
) -> None:
    path, digest = blob(tmp_path, 1000, seed=2)
    registry = client(served.host)
    assert push_file(registry, "b/one", path, digest)
    assert not push_file(registry, "b/two", path, digest, mount_from=["b/none", "b/one"])
    assert measured(registry, "b/two", digest) == (digest, 1000)
    assert push_file(registry, "b/three", path, digest, mount_from=["b/none"])


@pytest.mark.e2e
def test_an_upload_goes_on_where_the_connection_broke(
    tmp_path: Path, served: engine.Registry
) -> None:
    path, digest = blob(tmp_path, seed=3)
    with cutting(served.host) as proxy:
        proxy.up[:] = [9_000_000, 3_000_000, 2_000_000]
        assert push_file(client(proxy.host), "c/one", path, digest)
        assert proxy.cuts == 3
    assert measured(client(served.host), "c/one", digest) == (digest, SIZE)


@pytest.mark.e2e
def test_a_connection_that_never_holds(
    tmp_path: Path, served: engine.Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    path, digest = blob(tmp_path, seed=4)
    with cutting(served.host) as proxy:
        proxy.up[:] = [1000] * 100
        with pytest.raises(CannotDecide, match="could not be reached"):
            push_file(client(proxy.host), "d/one", path, digest)
    assert proxy.cuts <= 2 * oci_blobs.TRIES


@pytest.mark.e2e
def test_a_download_goes_on_where_the_connection_broke(
    tmp_path: Path, served: engine.Registry
) -> None:
    path, digest = blob(tmp_path, seed=5)
    push_file(client(served.host), "e/one", path, digest)
    with cutting(served.host) as proxy:
        proxy.down[:] = [8_000_000, 5_000_000]
        assert measured(client(proxy.host), "e/one", digest) == (digest, SIZE)
        assert proxy.cuts == 2
        got: list[bytes] = []
        proxy.down[:] = [1_000_000]
        assert read(client(proxy.host), "e/one", digest, got.append, start=100, length=2_000_000)
    assert b"".join(got) == path.read_bytes()[100:2_000_100]


@pytest.mark.e2e
def test_a_file_that_is_not_what_its_digest_says(tmp_path: Path, served: engine.Registry) -> None:
    path, _ = blob(tmp_path, 1000, seed=6)
    with pytest.raises(CannotDecide, match="is not the file that it was"):
        push_file(client(served.host), "f/one", path, "sha256:" + "1" * 64)


def ranged(data: bytes, *, ranges: bool = True) -> tuple[list[str], object]:
    asked: list[str] = []

    def answer(request: Asked) -> Answer:
        wanted = request.headers.get("Range", "")
        asked.append(wanted)
        match = re.fullmatch(r"bytes=([0-9]+)-([0-9]*)", wanted)
        if not match or not ranges:
            return Answer(body=data, cut=len(data) // 2 if len(asked) == 1 else 0)
        first, last = int(match[1]), int(match[2] or len(data) - 1)
        return Answer(status=206, body=data[first : last + 1])

    return asked, answer


def test_what_is_read_after_a_break_begins_where_it_ended() -> None:
    data = bytes(range(256)) * 40
    asked, answer = ranged(data)
    with stand_in(answer) as server:  # type: ignore[arg-type]
        got: list[bytes] = []
        assert read(client(server.host), "a", "sha256:" + "0" * 64, got.append)
    assert b"".join(got) == data
    assert asked == ["", f"bytes={len(data) // 2}-"]


def test_a_server_that_knows_no_ranges() -> None:
    _, answer = ranged(b"x" * 1000, ranges=False)
    with (
        stand_in(answer) as server,  # type: ignore[arg-type]
        pytest.raises(CannotDecide, match="does not give a part of a blob"),
    ):
        measured(client(server.host), "a", "sha256:" + "0" * 64)
