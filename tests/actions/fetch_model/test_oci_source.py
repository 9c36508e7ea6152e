from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import Ran, act
from tests.support.engine import registry
from tests.support.gguf_files import split, tiny

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.oci import MANIFEST, Registry
from ci_gen_actions.core.oci_types import Manifest
from ci_gen_actions.fetch_model.oci_source import Layer, chosen, layers_of

MODEL = tiny()
DIGEST = hashlib.sha256(MODEL).hexdigest()
PASSWORD = "s3cret-word"


def layer(name: str, kind: str = "application/vnd.cncf.model.weight.v1.raw") -> Layer:
    return Layer(name=name, media_type=kind, digest="sha256:" + "0" * 64, size=1)


def names(layers: tuple[Layer, ...], file: str = "") -> list[str]:
    return [each.name for each in chosen(layers, file, "oci://h/r")]


def test_the_only_model_is_taken() -> None:
    assert names((layer("metadata.json"), layer("m.gguf"))) == ["m.gguf"]
    assert names((layer("", "application/vnd.ollama.image.model"), layer("x"))) == [""]


def test_the_files_of_a_split_model_are_taken_together() -> None:
    files = [layer(f"m-0000{number}-of-00003.gguf") for number in (3, 1, 2)]
    wanted = [f"m-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    assert names(tuple(files)) == wanted
    assert names(tuple(files), "m-00001-of-00003.gguf") == wanted
    with pytest.raises(UsageError, match="holds 2 models"):
        names(tuple(files[:2]))


def test_one_of_several_is_named() -> None:
    both = (layer("a/m.gguf"), layer("b.gguf"), layer("readme"))
    assert names(both, "b.gguf") == ["b.gguf"]
    assert names(both, "a/m.gguf") == ["a/m.gguf"]
    with pytest.raises(UsageError, match="holds 2 models") as caught:
        names(both)
    assert "oci://h/r#a/m.gguf" in caught.value.next
    with pytest.raises(UsageError, match=r"holds no c\.gguf"):
        names(both, "c.gguf")
    with pytest.raises(UsageError, match="no GGUF file"):
        names((layer("readme"),))


@pytest.mark.parametrize(
    "value",
    [{}, {"layers": []}, {"manifests": []}, {"layers": {}}],
)
def test_what_has_no_layers_is_no_model(value: Any) -> None:
    data = json.dumps(value).encode()
    with pytest.raises(CannotDecide, match="this is no model"):
        layers_of(Manifest(data=data, media_type=MANIFEST, digest="sha256:0"), "x")


def test_layers_that_make_no_sense_are_passed_over() -> None:
    good = {"digest": "sha256:" + "1" * 64, "size": 3, "mediaType": "x"}
    bad = [None, {}, {"digest": "sha256:1"}, {"digest": "sha512:" + "1" * 128}, [good]]
    data = json.dumps({"layers": [*bad, {**good, "annotations": 1}]}).encode()
    found = layers_of(Manifest(data=data, media_type=MANIFEST, digest="sha256:0"), "x")
    assert [(each.digest, each.size) for each in found] == [("sha256:" + "1" * 64, 3)]


def push(client: Registry, repository: str, files: dict[str, bytes], tag: str) -> str:
    """An artifact with these files, as oras makes them; its digest."""
    config = client.push_blob(repository, b"{}")
    layers = [
        {
            "mediaType": "application/vnd.cncf.model.weight.v1.raw",
            "digest": client.push_blob(repository, data),
            "size": len(data),
            "annotations": {"org.opencontainers.image.title": name},
        }
        for name, data in files.items()
    ]
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "layers": layers,
    }
    return client.push_manifest(repository, tag, json.dumps(value).encode(), MANIFEST)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with registry(PASSWORD) as running:
        yield running.host


def fetched(folder: Path, source: str, **options: Any) -> Ran:
    workspace = folder / "work"
    workspace.mkdir(exist_ok=True)
    given: dict[str, Any] = {"username": "ci", "password": PASSWORD, "retries": 1, **options}
    return act("fetch-model", workspace, cache=str(folder / "cache"), source=source, **given)


@pytest.mark.e2e
def test_a_model_of_a_real_registry(tmp_path: Path, host: str) -> None:
    client = Registry(host, username="ci", password=PASSWORD)
    digest = push(client, "team/m", {"readme": b"hello", "small.gguf": MODEL}, "v1")
    ran = fetched(tmp_path, f"oci://{host}/team/m:v1")
    assert ran.verdict == "PASS", f"{ran.log} {ran.error}"
    assert ran.outputs.sha256 == DIGEST
    assert Path(ran.outputs.path).name == "small.gguf"
    assert ran.outputs.source == f"oci://{host}/team/m@{digest}"
    assert f"pin it as oci://{host}/team/m@{digest}" in ran.log
    pinned = fetched(tmp_path, f"oci://{host}/team/m:v1@{digest}")
    assert pinned.outputs.cached
    assert "pin it" not in pinned.log
    assert PASSWORD not in ran.log


@pytest.mark.e2e
def test_a_split_model_of_a_real_registry(tmp_path: Path, host: str) -> None:
    client = Registry(host, username="ci", password=PASSWORD)
    files = {f"m-0000{number}-of-00002.gguf": data for number, data in enumerate(split(2), 1)}
    push(client, "team/split", files, "v1")
    ran = fetched(tmp_path, f"oci://{host}/team/split:v1")
    assert ran.verdict == "PASS", f"{ran.log} {ran.error}"
    assert (ran.outputs.files, ran.outputs.parameters) == (2, 64)


@pytest.mark.e2e
def test_what_a_real_registry_refuses(tmp_path: Path, host: str) -> None:
    wrong = fetched(tmp_path, f"oci://{host}/team/m:v1", password="no")
    assert wrong.status == 3
    assert "refused access" in str(wrong.error)
    absent = fetched(tmp_path, f"oci://{host}/team/none:v1")
    assert absent.status == 2
    assert "there is no" in str(absent.error)
