"""A registry in a real OCI registry, its records on the data branch of a real repository."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support import engine
from tests.support.model_registries import AT, STAMP, digest, model, parts, version

from ci_gen_actions.core.errors import CannotDecide, ChangedMeanwhile, UsageError
from ci_gen_actions.core.oci import MANIFEST
from ci_gen_actions.model_registry import open_registry
from ci_gen_actions.model_registry.oci_store import OciRegistry
from ci_gen_actions.model_registry.operations import promote, rollback

pytestmark = pytest.mark.e2e
PASSWORD = "a secret"


@pytest.fixture(scope="module")
def served() -> Iterator[engine.Registry]:
    with engine.registry(password=PASSWORD) as one:
        yield one


@pytest.fixture
def registry(tmp_path: Path, served: engine.Registry) -> OciRegistry:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote"], check=True)
    return opened(tmp_path, served)


def opened(tmp_path: Path, served: engine.Registry, name: str = "one") -> OciRegistry:
    if not (tmp_path / name).exists():
        remote = f"file://{tmp_path}/remote"
        subprocess.run(["git", "clone", "--quiet", remote, tmp_path / name], check=True)
    team = re.sub("[^a-z0-9]+", "-", tmp_path.name.lower()).strip("-")
    location = f"oci://{served.host}/{team}/models"
    found = open_registry(
        location, username=engine.USER, password=PASSWORD, base=tmp_path / name, environ={}
    )
    assert isinstance(found, OciRegistry)
    return found


def pulled(url: str, accept: str = "*/*") -> bytes:
    """What a client of nothing but HTTP gets, checked by the digest in the URL."""
    login = base64.b64encode(f"{engine.USER}:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(
        url, headers={"Authorization": f"Basic {login}", "Accept": accept}
    )
    with urllib.request.urlopen(request) as answered:
        data: bytes = answered.read()
    assert hashlib.sha256(data).hexdigest() == url.rpartition("sha256:")[2]
    return data


def test_what_is_pushed_can_be_pulled_by_digest(tmp_path: Path, registry: OciRegistry) -> None:
    file = model(tmp_path / "in", padding=3_000_000)
    made = registry.publish(version(file, "1.1"))
    repository, _, named = made.reference.removeprefix("oci://").partition("@")
    host, _, path = repository.partition("/")
    manifest = json.loads(pulled(f"http://{host}/v2/{path}/manifests/{named}", MANIFEST))
    assert manifest["mediaType"] == MANIFEST
    assert manifest["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    layers = {each["annotations"]["org.cncf.model.filepath"]: each for each in manifest["layers"]}
    blobs = {
        name: pulled(f"http://{host}/v2/{path}/blobs/{each['digest']}")
        for name, each in layers.items()
    }
    assert blobs["model.gguf"] == file.read_bytes()
    assert [
        each["mediaType"].removeprefix("application/vnd.cncf.model.") for each in layers.values()
    ] == [
        *("weight.v1.raw", "doc.v1.raw", "weight.config.v1.raw"),
    ]
    told = json.loads(blobs["metadata.json"])
    assert told["checksum"] == digest(file)
    assert pulled(told["download_url"]) == file.read_bytes()
    assert manifest["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json"
    config = json.loads(pulled(f"http://{host}/v2/{path}/blobs/{manifest['config']['digest']}"))
    assert set(config) == {"descriptor", "config", "modelfs"}
    assert config["descriptor"]["name"] == "tiny-chat"
    assert config["descriptor"]["version"] == "1.1"
    assert config["config"] == {"format": "gguf", "quantization": "Q8_0"}
    assert config["modelfs"] == {
        "type": "layers",
        "diffIds": [each["digest"] for each in manifest["layers"]],
    }
    described = registry.client.describe(path, "v1.1")
    assert described is not None
    assert described.digest == named


def test_from_the_first_version_to_a_rollback(tmp_path: Path, registry: OciRegistry) -> None:
    for number in ("1.0", "1.1"):
        registry.publish(version(model(tmp_path / "in", number), number))
        promote(registry, "tiny-chat", number, "latest", STAMP)
    assert registry.models() == ("tiny-chat",)
    assert [each.version for each in registry.versions("tiny-chat")] == ["1.0", "1.1"]
    assert registry.resolve("tiny-chat", "latest").version == "1.1"
    rollback(registry, "tiny-chat", "latest", STAMP)
    found = registry.resolve("tiny-chat", "latest")
    assert (found.version, found.pointer) == ("1.0", "latest")
    assert found.reference.endswith(f"/tiny-chat@{found.digest}")
    assert found.files[0].url == found.reference
    assert registry.problems("tiny-chat") == ()
    assert [each.digest for each in registry.history("tiny-chat")][-1] == found.digest


def test_two_checkouts_see_the_same(
    tmp_path: Path, registry: OciRegistry, served: engine.Registry
) -> None:
    registry.publish(version(model(tmp_path / "in")))
    promote(registry, "tiny-chat", "1.0", "latest", STAMP, expected="")
    other = opened(tmp_path, served, "two")
    assert other.resolve("tiny-chat", "latest").version == "1.0"
    assert other.publish(version(model(tmp_path / "in"), at="2027-01-01T00:00:00Z")).already
    with pytest.raises(ChangedMeanwhile, match="with another model"):
        other.publish(version(model(tmp_path / "in", "other")))
    with pytest.raises(ChangedMeanwhile, match="latest of tiny-chat was not moved"):
        promote(other, "tiny-chat", "1.0", "latest", STAMP, expected="")


def test_layers_are_sent_once(
    tmp_path: Path, registry: OciRegistry, served: engine.Registry
) -> None:
    file = model(tmp_path / "in", padding=100_000)
    registry.publish(version(file, "1.0"))
    registry.publish(version(file, "1.1"))
    registry.publish(version(file, "1.0", name="another"))
    log = served.log.replace("\\", "")
    layer = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (
        sum(
            layer in line and "PUT" in line and "blobs/uploads" in line for line in log.splitlines()
        )
        <= 3
    )
    assert "mount=sha256" in log
    for name in ("tiny-chat", "another"):
        assert registry.problems(name) == ()


def test_a_split_model(tmp_path: Path, registry: OciRegistry) -> None:
    files = parts(tmp_path / "in", 3)
    registry.publish(version(files))
    found = registry.resolve("tiny-chat", "1.0")
    assert [f"sha256:{each.sha256}" for each in found.files] == [digest(each) for each in files]
    assert registry.problems("tiny-chat") == ()


def test_each_damage_is_named(
    tmp_path: Path, registry: OciRegistry, served: engine.Registry
) -> None:
    for number in ("1.0", "1.1", "1.2"):
        file = model(tmp_path / "in", number, padding=50_000)
        registry.publish(version(file, number))
    rows = {each.version: each for each in registry.versions("tiny-chat")}

    def blob(checksum: str) -> Path:
        hexadecimal = checksum.removeprefix("sha256:")
        place = f"docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"
        return served.data / place

    data = bytearray(blob(rows["1.0"].checksum).read_bytes())
    data[-1] ^= 1
    blob(rows["1.0"].checksum).write_bytes(data)
    registry.client.delete_manifest(registry.repository("tiny-chat"), str(rows["1.1"].digest))
    registry.client.tag(registry.repository("tiny-chat"), str(rows["1.0"].digest), "v1.2")
    told = [str(each) for each in registry.problems("tiny-chat") if not each.note]
    assert len(told) == 3
    assert told[0].startswith("tiny-chat 1.0 model.gguf: the registry gives sha256:")
    assert told[1] == f"tiny-chat 1.1: the registry has no manifest {rows['1.1'].digest}"
    assert told[2] == (
        f"tiny-chat 1.2 tag v1.2: it names {rows['1.0'].digest}, not {rows['1.2'].digest}"
    )
    with pytest.raises(CannotDecide, match="is damaged"):
        registry.resolve("tiny-chat", "1.1")


def test_a_writer_that_was_stopped_before_the_tag(
    tmp_path: Path, registry: OciRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(OciRegistry, "tag", stopped)
    with pytest.raises(KeyboardInterrupt):
        registry.publish(version(model(tmp_path / "in")))
    monkeypatch.undo()
    assert registry.resolve("tiny-chat", "1.0").version == "1.0"
    (note,) = registry.problems("tiny-chat")
    assert note.note
    assert "has not set this tag" in str(note)
    assert len(registry.clean(dry_run=True)) == len(registry.clean(dry_run=False)) == 1
    assert registry.problems("tiny-chat") == ()


def test_removal_spares_what_is_named(tmp_path: Path, registry: OciRegistry) -> None:
    for number in ("1.0", "1.1", "1.2"):
        registry.publish(version(model(tmp_path / "in", number), number))
    promote(registry, "tiny-chat", "1.0", "latest", STAMP)
    promote(registry, "tiny-chat", "1.1", "latest", STAMP)
    gone = registry.resolve("tiny-chat", "1.2").digest
    assert registry.remove("tiny-chat", ["1.0", "1.1", "1.2"], AT) == ("1.2",)
    assert registry.client.describe(registry.repository("tiny-chat"), gone) is None
    assert [each.version for each in registry.versions("tiny-chat")] == ["1.0", "1.1"]
    assert registry.problems("tiny-chat") == ()
    with pytest.raises(ChangedMeanwhile, match="with another model"):
        registry.publish(version(model(tmp_path / "in", "other"), "1.2"))


def test_what_is_refused(tmp_path: Path, registry: OciRegistry, served: engine.Registry) -> None:
    with pytest.raises(UsageError, match="cannot be in an OCI registry"):
        registry.publish(version(model(tmp_path / "in"), name="Tiny"))
    with pytest.raises(UsageError, match="there is no model tiny-chat"):
        registry.resolve("tiny-chat", "latest")
    for location in ("oci:x", f"oci://{served.host}/a:tag", "oci://", "oci://HOST/Upper"):
        with pytest.raises(UsageError):
            open_registry(location, base=tmp_path)
    stranger = open_registry(f"oci://{served.host}/a", base=tmp_path / "one", environ={})
    with pytest.raises(CannotDecide, match="refused access"):
        stranger.publish(version(model(tmp_path / "in")))
    assert registry.models() == ()


def test_a_file_that_changes_while_it_is_sent(tmp_path: Path, registry: OciRegistry) -> None:
    made = version(model(tmp_path / "in"))
    wrong = replace(made.parts[0], sha256="0" * 64)
    with pytest.raises(CannotDecide, match="is not the file that it was"):
        registry.publish(replace(made, parts=(wrong,)))
    assert registry.models() == ()
