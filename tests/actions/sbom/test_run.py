"""syft on real images in the engine."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from tests.support.actions import ROOT, Ended, bare_environment, read_evidence, run_action
from tests.support.engine import base_image, engine
from tests.support.engine_tls import certificates, engine_over_tls
from tests.support.readme_examples import examples

pytestmark = pytest.mark.e2e

LABEL = {"ci-gen-test": "sbom"}
MANIFEST = {"service": "parrot", "commit": "c" * 40, "backend": "cpu", "dirty": False}


def image(name: str, dockerfile: str, files: dict[str, bytes] | None = None) -> str:
    """An image of that name in the engine; its id."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for member, data in {**(files or {}), "Dockerfile": dockerfile.encode()}.items():
            facts = tarfile.TarInfo(member)
            facts.size = len(data)
            tar.addfile(facts, io.BytesIO(data))
    context.seek(0)
    made, _ = engine().images.build(
        fileobj=context, custom_context=True, tag=name, labels=LABEL, rm=True
    )
    return str(made.id)


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[str, str]]:
    """An image as image-build makes one: a base, and a package with its manifest."""
    name = "ci-gen-test-sbom:parrot"
    data = json.dumps(MANIFEST).encode()
    text = f"FROM {base_image()}\nCOPY manifest.json /app/manifest.json\n"
    found = image(name, text, {"manifest.json": data})
    yield name, found
    engine().images.remove(name, force=True)


def listed(workspace: Path, **inputs: str) -> Ended:
    variables = {f"CI_GEN_SBOM_{key.upper()}": text for key, text in inputs.items()}
    return run_action("sbom", workspace, bare_environment(**variables))


@pytest.mark.parametrize("form", ["spdx-json", "cyclonedx-json"])
def test_an_image_listed_twice_has_one_digest(
    tmp_path: Path, parrot: tuple[str, str], form: str
) -> None:
    name, found = parrot
    first = listed(tmp_path, image=name, output="a.json", format=form)
    assert first.code == 0, first.stderr
    told = json.loads(first.stdout)
    assert int(told["packages"]) > 50
    assert engine().containers.list(all=True, filters={"ancestor": found}) == []
    repeated = listed(tmp_path, image=name, output="c.json", format=form)
    assert json.loads(repeated.stdout)["sbom-sha256"] == told["sbom-sha256"]
    evidence = read_evidence(tmp_path, "sbom")
    assert evidence["inputs"] == {"image": found}
    assert evidence["findings"]["compiled"] == {"parrot": "c" * 40}


def test_an_engine_behind_tls_whatever_other_authorities_are_named(
    tmp_path: Path, parrot: tuple[str, str]
) -> None:
    certificates(tmp_path / "certs")
    (tmp_path / "others.pem").write_bytes(Path(certifi.where()).read_bytes())
    with engine_over_tls(tmp_path / "certs") as port:
        ended = run_action(
            "sbom",
            tmp_path,
            {
                **bare_environment(CI_GEN_SBOM_IMAGE=parrot[0]),
                "DOCKER_HOST": f"tcp://localhost:{port}",
                "DOCKER_TLS_VERIFY": "1",
                "DOCKER_CERT_PATH": str(tmp_path / "certs"),
                "REQUESTS_CA_BUNDLE": str(tmp_path / "others.pem"),
            },
        )
    assert ended.code == 0, ended.stderr
    assert read_evidence(tmp_path, "sbom")["inputs"] == {"image": parrot[1]}


def test_the_image_of_the_evidence_is_listed(tmp_path: Path, parrot: tuple[str, str]) -> None:
    evidence = {"outputs": {"local-reference": parrot[0]}}
    (tmp_path / "image.json").write_text(json.dumps(evidence))
    ended = listed(tmp_path, image_evidence="image.json", service="parrot")
    assert json.loads(ended.stdout)["sbom"] == "dist/parrot.spdx.json"
    (tmp_path / "image.json").write_text("{}")
    assert listed(tmp_path, image_evidence="image.json").code == 2
    assert listed(tmp_path).code == 2


def test_an_image_without_packages_is_no_data(tmp_path: Path) -> None:
    name = "ci-gen-test-sbom:scratch"
    image(name, "FROM scratch\nCOPY a /a\n", {"a": b"a"})
    try:
        ended = listed(tmp_path, image=name)
    finally:
        engine().images.remove(name, force=True)
    assert ended.code == 3, ended.stderr
    assert read_evidence(tmp_path, "sbom")["verdict"] == "NO_DATA"


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    ended = listed(tmp_path, image="ci-gen-test-sbom:none")
    assert ended.code == 2
    assert "the engine has no image ci-gen-test-sbom:none" in ended.stderr


def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    environ = bare_environment(CI_GEN_SBOM_IMAGE="x", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    ended = run_action("sbom", tmp_path, environ)
    assert ended.code == 3
    assert "there is no container engine here" in ended.stderr


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    base_image()
    (example,) = examples(ROOT / "actions" / "sbom" / "README.md")
    ((_, inputs),) = example.own_steps()
    ended = listed(tmp_path, **{key.replace("-", "_"): text for key, text in inputs.items()})
    assert ended.code == 0, ended.stderr
    assert json.loads(ended.stdout)["sbom"] == "dist/parrot.spdx.json"
