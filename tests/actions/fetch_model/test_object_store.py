from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import Ran, act
from tests.support.model_server import Asked, Reply, serving

from ci_gen_actions.fetch_model.object_store import failure

MIB = 1 << 20
DATA = random.Random(4).randbytes(9 * MIB + 5)
DIGEST = hashlib.sha256(DATA).hexdigest()
HEADERS = {"Last-Modified": "Thu, 27 Nov 2025 00:00:00 GMT"}


def fetched(folder: Path, source: str, **options: Any) -> Ran:
    workspace = folder / "work"
    workspace.mkdir(exist_ok=True)
    given: dict[str, Any] = {"sha256": (DIGEST,), "check": False, "retries": 1, **options}
    return act("fetch-model", workspace, cache=str(folder / "cache"), source=source, **given)


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import fsspec

    # A file system is kept for the same arguments, and would keep the endpoint of another test.
    monkeypatch.setattr(fsspec.spec.AbstractFileSystem, "cachable", False)
    for name, text in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hush-hush",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, text)


def test_an_object_is_fetched_in_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(DATA, lambda _: Reply(headers=HEADERS)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        ran = fetched(tmp_path, "s3://bucket/a/m.gguf")
    assert ran.verdict == "PASS", f"{ran.log} {ran.error}"
    assert (tmp_path / "work" / ran.outputs.path).read_bytes() == DATA
    assert ran.outputs.downloaded == len(DATA)
    assert {asked.path for asked in server.asked} == {"/bucket/a/m.gguf"}
    assert len([asked for asked in server.asked if asked.start is not None]) > 3
    assert "hush" not in ran.log


def test_an_object_that_changes_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rule(asked: Asked) -> Reply:
        if asked.number < 4:
            return Reply(headers=HEADERS, data=DATA[::-1], etag='"old"')
        return Reply(headers=HEADERS)

    with serving(DATA, rule) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        ran = fetched(tmp_path, "s3://bucket/m.gguf")
    assert ran.verdict == "PASS", f"{ran.log} {ran.error}"


@pytest.mark.parametrize(
    ("status", "told"), [(404, "there is no such object"), (403, "the store refused")]
)
def test_what_the_store_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, told: str
) -> None:
    with serving(DATA, lambda _: Reply(status=status)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        ran = fetched(tmp_path, "s3://bucket/m.gguf")
    assert ran.status == 3
    assert ran.error is not None
    assert told in ran.error.why


def test_a_store_whose_library_is_not_here(tmp_path: Path) -> None:
    ran = fetched(tmp_path, "gs://bucket/m.gguf")
    assert ran.status == 2
    assert "gcsfs" in str(ran.error)


def test_an_object_needs_a_digest(tmp_path: Path) -> None:
    assert fetched(tmp_path, "s3://bucket/m.gguf", sha256=()).status == 2


def test_failures() -> None:
    assert failure(FileNotFoundError("x")).final
    assert failure(PermissionError("no")).final
    assert failure(ValueError("Unable to locate credentials")).final
    assert not failure(ConnectionError("reset")).final
    assert failure(ConnectionError()).why == "ConnectionError"
