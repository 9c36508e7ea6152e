from __future__ import annotations

import json
from typing import Any

import pytest

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.sbom.document import Image, compiled, finished, labelled
from ci_gen_actions.sbom.options import Options
from ci_gen_actions.sbom.run import output_path
from ci_gen_actions.scan_image.sbom_facts import contents

IMAGE = Image(id=f"sha256:{'1' * 64}", created="2026-01-02T03:04:05Z")
OTHER = Image(id=f"sha256:{'2' * 64}", created="2026-01-02T03:04:05Z")
MANIFEST = {"service": "parrot", "commit": "c0ffee", "backend": "cpu", "dirty": False}


def spdx(created: str = "2026-11-24T12:00:00Z", order: int = 1) -> bytes:
    packages = [
        {"name": name, "SPDXID": f"SPDXRef-{name}", "externalRefs": []} for name in ("b", "a")
    ]
    root = {"name": "i", "SPDXID": "SPDXRef-root", "primaryPackagePurpose": "CONTAINER"}
    value = {
        "spdxVersion": "SPDX-2.3",
        "documentNamespace": f"https://anchore.com/{created}",
        "creationInfo": {"created": created, "creators": ["Tool: syft-1.18.1"]},
        "packages": [*packages[::order], root],
        "relationships": [{"spdxElementId": each} for each in ("y", "x")[::order]],
    }
    return json.dumps(value).encode()


def cyclonedx(serial: str = "1", order: int = 1) -> bytes:
    components = [{"type": "library", "name": name} for name in ("b", "a")]
    value = {
        "bomFormat": "CycloneDX",
        "serialNumber": serial,
        "metadata": {"timestamp": serial},
        "components": [*components[::order], {"type": "file", "name": "f"}],
    }
    return json.dumps(value).encode()


@pytest.mark.parametrize("made", [spdx, cyclonedx])
def test_equal_images_have_equal_documents(made: Any) -> None:
    first = finished(made("1", 1), IMAGE, (), "1.18.1")
    assert finished(made("2", -1), IMAGE, (), "1.18.1") == first
    assert finished(made("1", 1), OTHER, (), "1.18.1").text != first.text
    assert finished(made("1", 1), IMAGE, (), "1.19.0").text != first.text
    assert first.packages == 2


@pytest.mark.parametrize("made", [spdx, cyclonedx])
def test_the_compiled_service_is_listed_and_not_counted(made: Any) -> None:
    components = compiled(json.dumps(MANIFEST).encode(), "/opt/manifest.json")
    document = finished(made(), IMAGE, components, "1.18.1")
    assert document.packages == 2
    assert contents(document.text.encode(), "x").packages == 3
    assert contents(document.text.encode(), "x").image_id == IMAGE.id
    assert "pkg:generic/parrot@c0ffee" in document.text
    assert "as the manifest /opt/manifest.json in the image says" in document.text


def test_the_component_belongs_to_the_image() -> None:
    components = compiled(json.dumps(MANIFEST).encode(), "m")
    value = json.loads(finished(spdx(), IMAGE, components, "1").text)
    assert {
        "spdxElementId": "SPDXRef-root",
        "relatedSpdxElement": "SPDXRef-Package-ci-gen-parrot",
        "relationshipType": "CONTAINS",
    } in value["relationships"]
    assert value["creationInfo"]["created"] == IMAGE.created
    assert value["creationInfo"]["creators"] == ["Tool: syft-1.18.1"]


def test_the_build_of_llama_cpp_is_a_component_of_its_own() -> None:
    manifest = json.dumps({**MANIFEST, "dirty": True, "llama-build": "b9000-abcdef1"}).encode()
    service, llama = compiled(manifest, "m")
    assert "not committed" in service.comment
    assert (llama.name, llama.version) == ("llama.cpp", "b9000-abcdef1")
    assert llama.purl == "pkg:github/ggml-org/llama.cpp@b9000"


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"service": 1, "commit": ""}', b'{"service": "", "commit": ""}']
)
def test_another_file_of_that_name_says_nothing(data: bytes) -> None:
    assert compiled(data, "m") == ()


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"bomFormat": "CycloneDX"}'])
def test_output_that_is_no_sbom(data: bytes) -> None:
    with pytest.raises(CannotDecide, match="cannot be read"):
        finished(data, IMAGE, (), "1")


def test_an_image_without_packages_has_none() -> None:
    value = json.loads(spdx())
    value["packages"] = value["packages"][-1:]
    assert finished(json.dumps(value).encode(), IMAGE, (), "1").packages == 0


def test_where_it_is_written() -> None:
    assert output_path(Options(service="parrot")) == "dist/parrot.spdx.json"
    assert output_path(Options(format="cyclonedx-json")) == "dist/image.cdx.json"
    assert output_path(Options(output="a/b.json")) == "a/b.json"


def test_labels_name_the_service_where_no_manifest_does() -> None:
    start = "org.opencontainers.image"
    labels = {f"{start}.title": "my parrot", f"{start}.revision": "c0ffee0"}
    (component,) = labelled(labels)
    assert component.purl == "pkg:generic/my%20parrot@c0ffee0"
    assert "labels of the image" in component.comment
    assert labelled({**labels, f"{start}.revision": "unknown"}) == ()
    assert labelled({}) == ()
