"""The client against real registries: without the referrers API, with and without a login."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from tests.support import engine

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.oci import EMPTY, INDEX, MANIFEST, Registry, digest_of

pytestmark = pytest.mark.e2e

TYPE = "application/vnd.example.note"
NOTHING = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with engine.registry() as served:
        yield served.host


def pushed(registry: Registry, repository: str, text: str = "image", subject: str = "") -> str:
    """Push an artifact of a layer of `text`; its digest."""
    registry.push_blob(repository, b"{}")
    layer = registry.push_blob(repository, text.encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": TYPE,
        "config": {"mediaType": EMPTY, "digest": digest_of(b"{}"), "size": 2},
        "layers": [{"mediaType": "text/plain", "digest": layer, "size": len(text.encode())}],
        "annotations": {"note": text},
    }
    if subject:
        found = registry.describe(repository, subject)
        assert found is not None
        manifest["subject"] = {
            "mediaType": found.media_type,
            "digest": found.digest,
            "size": found.size,
        }
    return registry.push_manifest(repository, "", json.dumps(manifest).encode(), MANIFEST)


def test_what_is_pushed_is_there(host: str) -> None:
    registry = Registry(host)
    digest = pushed(registry, "team/app")
    found = registry.manifest("team/app", digest)
    assert found is not None
    assert found.media_type == MANIFEST
    described = registry.describe("team/app", digest)
    assert described is not None
    assert (described.digest, described.size) == (digest, len(found.data))
    layer = found.value["layers"][0]["digest"]
    assert registry.blob("team/app", layer) == b"image"
    assert registry.has_blob("team/app", layer)


def test_what_is_not_there_is_no_error(host: str) -> None:
    registry = Registry(host)
    pushed(registry, "team/app")
    assert registry.manifest("team/app", "no-such-tag") is None
    assert registry.manifest("no/such/repository", "t") is None
    assert registry.describe("team/app", NOTHING) is None
    assert registry.blob("team/app", NOTHING) is None
    assert registry.has_blob("team/app", NOTHING) is False
    assert registry.referrers("team/app", NOTHING) == ()
    assert registry.tags("no/such/repository") == ()


def test_a_tag_moves_and_the_bytes_stay(host: str) -> None:
    registry = Registry(host)
    old, new = (pushed(registry, "team/tags", text) for text in ("old", "new"))
    for digest in (old, new):
        registry.tag("team/tags", digest, "latest")
        found = registry.describe("team/tags", "latest")
        assert found is not None
        assert found.digest == digest
    assert registry.tags("team/tags") == ("latest",)
    with pytest.raises(CannotDecide, match="is not in the registry"):
        registry.tag("team/tags", NOTHING, "latest")


def test_referrers_without_the_api(host: str) -> None:
    registry = Registry(host)
    image = pushed(registry, "team/referrers")
    first = pushed(registry, "team/referrers", "first", subject=image)
    assert [each.digest for each in registry.referrers("team/referrers", image)] == [first]
    second = pushed(registry, "team/referrers", "second", subject=image)
    pushed(registry, "team/referrers", "second", subject=image)  # again: no second entry
    found = registry.referrers("team/referrers", image, TYPE)
    assert {each.digest for each in found} == {first, second}
    assert {each.annotations["note"] for each in found} == {"first", "second"}
    assert registry.referrers("team/referrers", image, "another/type") == ()
    index = registry.manifest("team/referrers", image.replace(":", "-"))
    assert index is not None
    assert index.media_type == INDEX


def test_entries_of_others_stay_and_deleted_ones_go(host: str) -> None:
    registry = Registry(host)
    image = pushed(registry, "team/merge")
    theirs = pushed(registry, "team/merge", "theirs")  # without a tag as ours have
    found = registry.describe("team/merge", theirs)
    assert found is not None
    entries = [
        {"mediaType": MANIFEST, "digest": theirs, "size": found.size, "artifactType": "a/b"},
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    fallback = image.replace(":", "-")
    registry.put_manifest("team/merge", fallback, json.dumps(index).encode(), INDEX)
    ours = pushed(registry, "team/merge", "ours", subject=image)
    types = {each.digest: each.artifact_type for each in registry.referrers("team/merge", image)}
    assert types == {theirs: "a/b", ours: TYPE}


def test_writers_at_once_lose_nothing(host: str) -> None:
    image = pushed(Registry(host), "team/race")
    start = threading.Barrier(8)
    digests: list[str] = []

    def write(number: int) -> None:
        start.wait()
        digests.append(pushed(Registry(host), "team/race", f"note {number}", subject=image))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = Registry(host).referrers("team/race", image)
    assert len(digests) == 8
    assert {each.digest for each in found} == set(digests)


def test_with_a_login() -> None:
    with engine.registry(password="a secret: with a colon") as served:
        registry = Registry(served.host, username="ci", password=str(served.password))
        digest = pushed(registry, "team/app")
        assert registry.manifest("team/app", digest) is not None
        for password in ("", "wrong"):
            other = Registry(served.host, username="ci", password=password)
            with pytest.raises(CannotDecide, match="refused access") as caught:
                other.manifest("team/app", digest)
            assert "wrong" not in str(caught.value).replace("wrongly", "")
        with pytest.raises(CannotDecide, match="give a user name"):
            Registry(served.host).push_blob("team/app", b"x")


def test_a_registry_that_is_down_and_one_that_comes_back() -> None:
    with engine.registry() as served:
        registry = Registry(served.host, pauses=(0.05, 0.05))
        digest = pushed(registry, "team/app")
        served.stop()
        with pytest.raises(CannotDecide, match="could not be reached"):
            registry.manifest("team/app", digest)
        back = threading.Timer(0.3, served.start)
        back.start()
        assert Registry(served.host, pauses=(0.5,) * 20).manifest("team/app", digest) is not None
        back.join()
