"""An image with a real llama-server: built from its package, tried, pushed, and asked."""

from __future__ import annotations

import io
import json
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import llama_package
from tests.support.action_runs import Ran, act, commit
from tests.support.actions import bare_environment, run_action
from tests.support.configs import config_of, outcome
from tests.support.engine import Registry, base_image, engine, registry

from ci_gen.detect.repository import detect

pytestmark = pytest.mark.e2e

BASE = "ci-gen-test-base:llama"
SERVICE = "llama-e2e"
DOCUMENT = {
    "image": {"enabled": True, "command": "bin/llama-server"},
    "services": [{"name": SERVICE, "path": "."}],
}


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The base image with what the generated Dockerfile would install, so that it need not."""
    text = (
        f"FROM {base_image()}\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends "
        "ca-certificates libgomp1 libstdc++6 tini && rm -rf /var/lib/apt/lists/*\n"
    )
    options: dict[str, Any] = {"tag": BASE, "network_mode": "host", "rm": True, "forcerm": True}
    engine().images.build(fileobj=io.BytesIO(text.encode()), **options)
    yield BASE
    engine().images.remove(BASE, force=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Registry]:
    with registry() as one:
        yield one


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the generated Dockerfile and the package of an earlier job."""
    package = llama_package.server_package()
    root = tmp_path_factory.mktemp("llama")
    (root / "CMakeLists.txt").write_text("project(llama)\n", encoding="utf-8")
    for path, text in outcome(config_of(DOCUMENT), detect(root)).texts.items():
        if path.startswith("docker/"):
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    commit(root)
    (root / "dist").mkdir()
    (root / "dist" / package.name).write_bytes(package.read_bytes())
    return root


def built(workspace: Path, base: str, server: Registry, **options: Any) -> Ran:
    given: dict[str, Any] = {
        "service": SERVICE,
        "package": "dist/*.tar.gz",
        "repository": f"{server.host}/llama",
        "push": "always",
        "tags": ("commit",),
        "build_args": (f"BASE_IMAGE={base}",),
        "test_model": str(llama_package.smollm2()),
        "registry_cache": False,
    }
    return act("image-build", workspace, **{**given, **options})


@pytest.fixture(scope="module")
def good(workspace: Path, base: str, server: Registry) -> Iterator[Ran]:
    """The run that passes; its image stays in the engine as long as the tests run."""
    ran = built(workspace, base, server)
    assert ran.verdict == "PASS", f"{ran.error}\n{ran.log[-10_000:]}"
    yield ran
    engine().images.remove(ran.outputs.local_reference, force=True)


def test_it_is_tried_and_pushed(good: Ran, server: Registry) -> None:
    trial = good.findings["trial"]
    assert trial["passed"]
    assert trial["build_verified"] is True
    assert trial["build"].startswith("b1-")
    assert trial["root_processes"] == []
    assert trial["health"] == 200
    assert good.outputs.reference.startswith(f"{server.host}/llama@sha256:")
    engine().images.pull(good.outputs.reference)
    assert engine().images.get(good.outputs.reference).id == good.outputs.image_id
    engine().images.remove(good.outputs.reference, noprune=True)


def test_it_answers_a_completion(good: Ran) -> None:
    model = llama_package.smollm2()
    container = engine().containers.run(
        good.outputs.local_reference,
        ["--model", "/models/m.gguf", "--ctx-size", "512", "--threads", "2"],
        detach=True,
        read_only=True,
        tmpfs={"/tmp": ""},
        cap_drop=["ALL"],
        ports={"8080/tcp": ("127.0.0.1", None)},
        volumes={str(model): {"bind": "/models/m.gguf", "mode": "ro"}},
    )
    try:
        health = ""
        for _ in range(1200):
            container.reload()
            health = container.attrs["State"].get("Health", {}).get("Status", "")
            if health == "healthy":
                break
            time.sleep(0.1)
        assert health == "healthy", container.logs().decode()
        port = container.attrs["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
        question = {"prompt": "The capital of France is", "n_predict": 8, "temperature": 0}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/completion",
            json.dumps(question).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            told = json.load(answer)
        assert "Paris" in told["content"], told
        assert told["tokens_predicted"] > 0
    finally:
        container.remove(force=True, v=True)


def test_another_build_than_the_package_s_is_not_pushed(
    workspace: Path, base: str, server: Registry, good: Ran
) -> None:
    ran = built(
        workspace, base, server, expected_build="b9999-fedcba9", repository=f"{server.host}/other"
    )
    assert ran.verdict == "FAIL"
    assert ran.outputs.reference == ""
    (problem,) = ran.findings["trial"]["problems"]
    assert "not the expected b9999-fedcba9" in problem


def test_a_server_that_cannot_start_is_not_pushed(
    workspace: Path, base: str, server: Registry, good: Ran
) -> None:
    ran = built(workspace, base, server, test_args=("--no-such-option",))
    assert ran.verdict == "FAIL"
    assert ran.outputs.reference == ""
    assert "the server ended by itself with exit status 1" in ran.log
    assert "no-such-option" in ran.log


def test_its_sbom(good: Ran, workspace: Path) -> None:
    inputs = {"SERVICE": SERVICE, "IMAGE": good.outputs.local_reference, "OUTPUT": "sbom.json"}
    given = {f"CI_GEN_SBOM_{name}": text for name, text in inputs.items()}
    ended = run_action("sbom", workspace, bare_environment(**given))
    assert ended.code == 0, ended.stderr
    told = json.loads((workspace / "sbom.json").read_text("utf-8"))
    names = {each["name"] for each in told["packages"]}
    assert {"libgomp1", "tini", "bash"} <= names
    assert "llama" in names, "no scanner sees compiled C++: the package's manifest tells of it"
    manifest = workspace / "dist" / "llama-cpu.tar.gz"
    commit = json.loads(_member(manifest, "manifest.json"))["commit"]
    assert commit in json.dumps(told), "and of which commit it is"


def _member(package: Path, name: str) -> bytes:
    with tarfile.open(package) as archive:
        found = archive.extractfile(name)
        assert found is not None
        return found.read()
