"""Rendered manifests on a real cluster: what its API server says, and a real model that answers."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import cluster, llama_package
from tests.support.action_runs import act, commit
from tests.support.actions import bare_environment, read_evidence, run_action
from tests.support.configs import config_of, source_of
from tests.support.engine import base_image, engine

from ci_gen.config.model_config import InferenceSection, ModelConfig, ModelSection
from ci_gen.detect.repository import detect
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import settle
from ci_gen.render.repository import files
from ci_gen_actions.core.files import sha256

pytestmark = pytest.mark.e2e

SERVICE = "chat"
KEY = "a-key-of-the-tests-0123456789"
BASE = "ci-gen-test-base:kubernetes"
SECONDS = 600
"""Two cores may have much else to do."""
TOLD = ModelConfig(
    model=ModelSection(name="smol", context_size=512),
    inference=InferenceSection(temperature=0, top_p=0.9, max_tokens=16),
)


def write(root: Path, namespace: str, **keys: Any) -> Path:
    """A checkout with all that is generated for a service in that namespace; its folder."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "CMakeLists.txt").write_text("project(chat)\n", encoding="utf-8")
    model = {"delivery": "claim", "claim": "models", "file": "m.gguf", "sha256": "0" * 64}
    document = {
        "image": {"enabled": True, "command": "bin/llama-server"},
        "services": [{"name": SERVICE, "path": ".", "kind": "cmake"}],
        "environments": [{"name": "staging", "namespace": namespace}],
        "kubernetes": {
            "enabled": True,
            "version": f"1.{max(cluster.version(), 20)}",
            **keys,
            "model": {**model, **keys.get("model", {})},
        },
    }
    config, facts = config_of(document), detect(root)
    settings = settle(config, facts, TOLD)
    for path, text in files(settings, plan(settings), facts, source_of(config)).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"autoscaling": {"enabled": True}, "service_type": "LoadBalancer"},
        {
            "gpus": 1,
            "api_key": {"secret": "keys"},
            "pull_secret": "login",
            "tolerations": [{"key": "dedicated"}],
            "node_selector": {"kubernetes.io/os": "linux"},
            "network": {"from_namespaces": ["ingress"]},
        },
    ],
    ids=["few", "scaled", "many"],
)
def test_the_api_server_takes_them(tmp_path: Path, keys: dict[str, Any]) -> None:
    with cluster.namespace() as namespace:
        root = write(tmp_path, namespace, **keys)
        for folder in ("deployer/staging", "overlays/staging"):
            told = cluster.kubectl(
                "apply", "--dry-run=server", "-k", str(root / "kubernetes" / folder)
            )
            assert "created (server dry run)" in told
            assert namespace in cluster.kubectl("kustomize", str(root / "kubernetes" / folder))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with a real llama-server, made from its package by the generated Dockerfile."""
    cluster.local_images()
    text = (
        f"FROM {base_image()}\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends "
        "ca-certificates libgomp1 libstdc++6 tini && rm -rf /var/lib/apt/lists/*\n"
    )
    options: dict[str, Any] = {"tag": BASE, "network_mode": "host", "rm": True, "forcerm": True}
    engine().images.build(fileobj=io.BytesIO(text.encode()), **options)
    root = write(tmp_path_factory.mktemp("image"), "unused")
    commit(root)
    package = llama_package.server_package()
    (root / "dist").mkdir()
    shutil.copy(package, root / "dist" / package.name)
    ran = act(
        "image-build",
        root,
        service=SERVICE,
        package="dist/*.tar.gz",
        push="never",
        tags=("commit",),
        build_args=(f"BASE_IMAGE={BASE}",),
        test_model=str(llama_package.smollm2()),
        start_timeout=SECONDS,
    )
    assert ran.verdict == "PASS", f"{ran.error}\n{ran.log[-10_000:]}"
    name = f"ci-gen-test-{uuid.uuid4().hex[:8]}:1"
    engine().images.get(ran.outputs.local_reference).tag(*name.split(":"))
    yield name
    for each in (name, ran.outputs.local_reference, BASE):
        engine().images.remove(each, force=True)


@pytest.fixture(scope="module")
def models() -> Iterator[Path]:
    """A folder of the node with the model, which everybody may read."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        shutil.copy(llama_package.smollm2(), Path(folder) / "m.gguf")
        (Path(folder) / "m.gguf").chmod(0o644)
        yield Path(folder)


def volume(namespace: str, models: Path) -> str:
    """A volume of that folder, and the claim of it; the volume's name."""
    size = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
    name = f"{namespace}-models"
    one = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            **size,
            "capacity": {"storage": "1Gi"},
            "hostPath": {"path": str(models)},
            "claimRef": {"name": "models", "namespace": namespace},
        },
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "models", "namespace": namespace},
        "spec": {**size, "volumeName": name, "resources": {"requests": {"storage": "1Gi"}}},
    }
    for each in (one, claim):
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(each))
    return name


def apply(root: Path, namespace: str, image: str) -> None:
    """Apply the overlay as the deployer, with the image in the place of `server`."""
    top = root / "kubernetes/overlays/release"
    top.mkdir(exist_ok=True)
    name, _, tag = image.partition(":")
    (top / "kustomization.yaml").write_text(
        f'resources: [../staging]\nimages: [{{name: server, newName: {name}, newTag: "{tag}"}}]\n',
        encoding="utf-8",
    )
    cluster.kubectl("apply", "-k", str(top), deployer(namespace))


def deployer(namespace: str) -> str:
    """The flag by which kubectl is the rendered deployer, with its rights and no other."""
    return f"--as=system:serviceaccount:{namespace}:{SERVICE}-deployer"


def smoke(workspace: Path, namespace: str, **given: str) -> tuple[int, dict[str, Any]]:
    """Ask the Service through its port on this machine: the exit status and the checks."""
    port = cluster.get(namespace, "service", SERVICE)["spec"]["ports"][0]["nodePort"]
    options = {
        "url": f"http://127.0.0.1:{port}",
        "api_key": KEY,
        "authentication": "required",
        "repeat": "1",
        "start_timeout": str(SECONDS),
        "request_timeout": str(SECONDS),
        **given,
    }
    inputs = {f"CI_GEN_SMOKE_TEST_{name.upper()}": text for name, text in options.items()}
    ended = run_action("smoke-test", workspace, bare_environment(**inputs))
    found = read_evidence(workspace, "smoke-test")["findings"]["checks"]
    return ended.code, {each["check"]: each for each in found}


def test_a_rollout_answers(tmp_path: Path, image: str, models: Path) -> None:
    digest = sha256(models / "m.gguf")
    keys: dict[str, Any] = {
        "service_type": "NodePort",
        "start_seconds": SECONDS,
        "drain_seconds": 5,
        "cpu": "100m",
        "memory": "1Gi",
        "args": ["--parallel", "1", "--threads", "1"],
        "api_key": {"secret": "keys"},
    }
    with cluster.namespace() as namespace:
        name = volume(namespace, models)
        try:
            spaced = ("--namespace", namespace)
            cluster.kubectl(
                *spaced, "create", "secret", "generic", "keys", f"--from-literal=token={KEY}"
            )
            root = write(tmp_path / "good", namespace, model={"sha256": digest}, **keys)
            cluster.kubectl("apply", "-k", str(root / "kubernetes/deployer/staging"))
            apply(root, namespace, image)
            told = cluster.kubectl(
                *spaced,
                "rollout",
                "status",
                f"deployment/{SERVICE}",
                f"--timeout={SECONDS}s",
                deployer(namespace),
            )
            assert "successfully rolled out" in told
            code, checks = smoke(tmp_path, namespace, expected_model="smol")
            assert code == 0, checks
            assert checks["identity"]["findings"]["model_path"] == "/models/m.gguf"
            assert checks["auth"]["verdict"] == "PASS"
            _rights(namespace)
            _another_model(tmp_path, namespace, image, keys)
        finally:
            cluster.kubectl("delete", "persistentvolume", name, "--wait=false")


def _rights(namespace: str) -> None:
    """The deployer was given what it needs, and no more."""
    for verb, what in (
        ("get", "secrets"),
        ("delete", "deployments"),
        ("create", "pods/exec"),
        ("update", "roles"),
    ):
        told = cluster.kubectl(
            "--namespace", namespace, "auth", "can-i", verb, what, deployer(namespace), check=False
        )
        assert told.strip() == "no", (verb, what)


def _another_model(tmp_path: Path, namespace: str, image: str, keys: dict[str, Any]) -> None:
    """A model that is not the one of the release: no pod of it starts, and the old one serves."""
    root = write(tmp_path / "other", namespace, model={"sha256": "0" * 64}, **keys)
    apply(root, namespace, image)
    last = time.monotonic() + SECONDS
    while not (told := _verified(namespace)):
        assert time.monotonic() < last, "no pod looked at the model"
        time.sleep(1)
    assert "FAILED" in told
    code, checks = smoke(tmp_path, namespace, checks="identity", authentication="auto")
    assert code == 0, checks
    status = cluster.get(namespace, "deployment", SERVICE)["status"]
    assert status["readyReplicas"] == 1
    assert status["unavailableReplicas"] == 1


def _verified(namespace: str) -> str:
    """What the check of the model wrote in a pod where it failed, "" while there is none."""
    told = cluster.kubectl("--namespace", namespace, "get", "pods", "--output=json")
    for pod in json.loads(told)["items"]:
        for each in pod["status"].get("initContainerStatuses", ()):
            ended = each["state"].get("terminated") or each["lastState"].get("terminated")
            if ended and ended["exitCode"]:
                name = pod["metadata"]["name"]
                return cluster.kubectl(
                    *("--namespace", namespace, "logs", name, "--container", "verify-model"),
                    *("--previous", deployer(namespace)),
                    check=False,
                ) or cluster.kubectl(
                    *("--namespace", namespace, "logs", name, "--container", "verify-model"),
                    deployer(namespace),
                )
    return ""
