"""Manifests: valid for each version of Kubernetes, and every value of the config in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.support.configs import config_of, outcome
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.config.model_config import InferenceSection, ModelConfig, ModelSection
from ci_gen.detect.model import Facts
from ci_gen.errors import ConfigError
from ci_gen.pipeline.settings import settle
from ci_gen.render import kubernetes

FACTS = facts(cmake_project())
TOLD = ModelConfig(
    model=ModelSection(name="smol", quantization="Q4_K_M", context_size=2048),
    inference=InferenceSection(temperature=0.2, top_p=0.95, max_tokens=64),
)
CLAIM = {"delivery": "claim", "claim": "models", "file": "chat/m.gguf", "sha256": "5" * 64}
IMAGE = {
    "delivery": "image",
    "image": "example.com/models:1@sha256:" + "6" * 64,
    "file": "m.gguf",
    "sha256": "7" * 64,
}


def texts(told: ModelConfig | None = None, seen: Facts = FACTS, **keys: Any) -> dict[str, str]:
    image = {"enabled": True, "command": "bin/llama-server", **keys.pop("image", {})}
    places = keys.pop("environments", [{"name": "staging", "namespace": "chat-staging"}])
    cluster = {"enabled": True, "model": CLAIM}
    services = {"services": keys.pop("services")} if "services" in keys else {}
    config = config_of(
        {"image": image, "environments": places, "kubernetes": {**cluster, **keys}, **services}
    )
    return kubernetes.files(settle(config, seen, told).cluster, {})


def loaded(told: ModelConfig | None = None, seen: Facts = FACTS, **keys: Any) -> dict[str, Any]:
    """Path below kubernetes/ -> document."""
    found = texts(told, seen, **keys)
    return {
        path.removeprefix("kubernetes/"): yaml.safe_load(text)
        for path, text in found.items()
        if path.endswith(".yaml")
    }


def deployment(told: ModelConfig | None = None, seen: Facts = FACTS, **keys: Any) -> Any:
    return loaded(told, seen, **keys)["base/deployment.yaml"]["spec"]


def pod(**keys: Any) -> Any:
    return deployment(**keys)["template"]["spec"]


def server(**keys: Any) -> Any:
    (found,) = pod(**keys)["containers"]
    return found


def variables(told: ModelConfig | None = None, seen: Facts = FACTS, **keys: Any) -> dict[str, str]:
    lines = texts(told, seen, **keys)["kubernetes/base/server.env"].splitlines()
    return dict(line.split("=", 1) for line in lines if line[:1] != "#")


EVERYTHING: dict[str, Any] = {
    "gpus": 2,
    "gpu_resource": "amd.com/gpu",
    "node_selector": {"kubernetes.io/os": "linux", "disk": "true", "empty": ""},
    "tolerations": [{"key": "dedicated", "effect": "NoExecute"}, {"key": "on"}],
    "args": ["--chat-template", "a: b # c", "$(HOST) $x ${y}", "'\"\\", "- x", "ä\u2009b"],
    "api_key": {"secret": "keys.llm", "key": "0.1"},
    "pull_secret": "y",
    "network": {"from_namespaces": ["1", "ingress"]},
    "service_monitor": True,
    "autoscaling": {"enabled": True},
}
VERSIONS = ("1.25", "1.28", "1.31", "1.33", "1.35", "1.37")


@pytest.mark.parametrize(
    ("version", "keys"),
    [
        *((version, keys) for version in VERSIONS for keys in ({}, EVERYTHING)),
        *((version, {"model": IMAGE}) for version in ("1.31", "1.37")),
    ],
)
def test_they_are_valid(version: str, keys: dict[str, Any]) -> None:
    checked = set()
    for document in loaded(version=version, **keys).values():
        if document["kind"] in ("Kustomization", "ServiceMonitor"):
            continue  # neither is a part of Kubernetes
        kubernetes_validate.validate(document, version, strict=True)
        checked.add(document["kind"])
    assert {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "Role"} <= checked


@pytest.mark.parametrize(
    ("version", "budget", "scaler"),
    [
        ("1.20", "policy/v1beta1", "autoscaling/v2beta2"),
        ("1.21", "policy/v1", "autoscaling/v2beta2"),
        ("1.23", "policy/v1", "autoscaling/v2"),
        ("1.37", "policy/v1", "autoscaling/v2"),
    ],
)
def test_the_version_chooses_the_apis(version: str, budget: str, scaler: str) -> None:
    found = loaded(version=version, autoscaling={"enabled": True})
    assert found["base/pod-disruption-budget.yaml"]["apiVersion"] == budget
    assert found["base/horizontal-pod-autoscaler.yaml"]["apiVersion"] == scaler


def test_nothing_without_being_asked_for() -> None:
    config = config_of({"image": {"enabled": True, "command": "bin/llama-server"}})
    assert kubernetes.files(settle(config, FACTS).cluster, {}) == {}


def test_they_lie_in_the_folder_that_is_named_and_keep_their_names() -> None:
    found = texts(folder="./deploy/k8s")
    assert {path.split("/")[2] for path in found} == {"base", "overlays", "deployer"}
    assert all(path.startswith("deploy/k8s/") for path in found)
    document = {
        "image": {"enabled": True, "command": "bin/llama-server"},
        "kubernetes": {"enabled": True, "model": CLAIM},
        "files": {"kubernetes/base/deployment.yaml": "kubernetes/base/other.yaml"},
    }
    with pytest.raises(ConfigError, match="which its kustomization needs by its name"):
        outcome(config_of(document), FACTS)


def test_no_deployer_and_no_overlay_without_a_namespace() -> None:
    found = texts(environments=[{"name": "gpu-forks"}])
    assert not [path for path in found if "/base/" not in path or "deployer" in path]


def test_every_resource_is_listed() -> None:
    found = loaded(**EVERYTHING)
    for folder in ("base", "deployer/base"):
        files = {path for path in found if path.rpartition("/")[0] == folder}
        listed = found[f"{folder}/kustomization.yaml"]["resources"]
        assert {f"{folder}/{name}" for name in listed} | {f"{folder}/kustomization.yaml"} == files


def test_a_pod_has_no_rights() -> None:
    found = pod()
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*found["containers"], *found["initContainers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


def test_values_arrive_as_they_are() -> None:
    found = pod(**EVERYTHING)
    assert found["nodeSelector"] == EVERYTHING["node_selector"]
    assert found["tolerations"] == [
        {"key": "amd.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "dedicated", "operator": "Exists", "effect": "NoExecute"},
        {"key": "on", "operator": "Exists", "effect": "NoSchedule"},
    ]
    assert found["imagePullSecrets"] == [{"name": "y"}]
    (one,) = found["containers"]
    assert [expanded(each) for each in one["args"]] == EVERYTHING["args"]
    (key,) = one["env"]
    assert key["valueFrom"] == {"secretKeyRef": {"name": "keys.llm", "key": "0.1"}}
    assert one["resources"]["limits"]["amd.com/gpu"] == 2
    peers = loaded(**EVERYTHING)["base/network-policy.yaml"]["spec"]["ingress"][0]["from"]
    names = [peer["namespaceSelector"]["matchLabels"] for peer in peers[1:]]
    assert [name["kubernetes.io/metadata.name"] for name in names] == ["1", "ingress"]
    assert server(cpu="0.5", memory="100000000")["resources"] == {
        "requests": {"cpu": "0.5", "memory": "100000000"},
        "limits": {"memory": "100000000"},
    }


def expanded(text: str) -> str:
    """An argument as Kubernetes hands it on: $$ is a dollar, and no $(NAME) may be left."""
    assert "$(" not in text.replace("$$", "")
    return text.replace("$$", "$")


@pytest.mark.parametrize("name", ["true", "null", "1e3", "0", "on", "1-2"])
def test_names_stay_texts(name: str) -> None:
    keys: dict[str, Any] = {"environments": [{"name": name, "namespace": name}]}
    found = loaded(model={**CLAIM, "claim": name, "file": name}, pull_secret=name, **keys)
    assert found[f"overlays/{name}/kustomization.yaml"]["namespace"] == name
    assert found[f"deployer/{name}/kustomization.yaml"]["namespace"] == name
    spec = found["base/deployment.yaml"]["spec"]["template"]["spec"]
    assert spec["volumes"][1]["persistentVolumeClaim"]["claimName"] == name
    assert spec["imagePullSecrets"] == [{"name": name}]
    assert spec["initContainers"][0]["env"][1]["value"] == f"/models/{name}"


def test_time_runs_out_in_order() -> None:
    spec = deployment(start_seconds=601, drain_seconds=30, image={"stop_seconds": 20})
    (one,) = spec["template"]["spec"]["containers"]
    probe = one["startupProbe"]
    startup = probe["periodSeconds"] * probe["failureThreshold"]
    assert 601 <= startup < spec["progressDeadlineSeconds"]
    stop = int(one["lifecycle"]["preStop"]["exec"]["command"][1])
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == stop + 30 + 20


def test_gpus_are_never_waited_for_in_vain() -> None:
    assert deployment()["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    update = deployment(gpus=1)["strategy"]["rollingUpdate"]
    assert update == {"maxSurge": 0, "maxUnavailable": 1}


def test_an_autoscaler_owns_the_replicas() -> None:
    found = loaded(autoscaling={"enabled": True, "min_replicas": 2, "max_replicas": 9})
    assert "replicas" not in found["base/deployment.yaml"]["spec"]
    assert "replicas" not in found["overlays/staging/kustomization.yaml"]
    assert found["base/horizontal-pod-autoscaler.yaml"]["spec"]["maxReplicas"] == 9
    places = [{"name": "a", "namespace": "a", "replicas": 4}, {"name": "b", "namespace": "b"}]
    found = loaded(replicas=2, environments=places)
    counts = [found[f"overlays/{each}/kustomization.yaml"]["replicas"] for each in "ab"]
    assert [count["count"] for (count,) in counts] == [4, 2]


def test_the_models_config_reaches_the_server() -> None:
    assert variables(TOLD, gpus=1, service_monitor=True) == {
        "HOST": "0.0.0.0",
        "PORT": "8080",
        "MODEL": "/models/chat/m.gguf",
        "LLAMA_ARG_HOST": "0.0.0.0",
        "LLAMA_ARG_PORT": "8080",
        "LLAMA_ARG_MODEL": "/models/chat/m.gguf",
        "LLAMA_ARG_N_GPU_LAYERS": "999",
        "LLAMA_ARG_ENDPOINT_METRICS": "1",
        "LLAMA_ARG_ALIAS": "smol",
        "LLAMA_ARG_CTX_SIZE": "2048",
        "LLAMA_ARG_N_PREDICT": "64",
        "LLAMA_ARG_TOP_P": "0.95",
        "MODEL_TEMPERATURE": "0.2",
    }
    (one,) = deployment(TOLD)["template"]["spec"]["containers"]
    assert one["args"] == ["--temp", "$(MODEL_TEMPERATURE)"]


def test_another_server_gets_what_any_can_read() -> None:
    image = {"command": "uvicorn"}
    found = variables(TOLD, facts(python_project()), image=image)
    assert found == {"HOST": "0.0.0.0", "PORT": "8080", "MODEL": "/models/chat/m.gguf"}


@pytest.mark.parametrize(
    ("model", "volume"),
    [
        (CLAIM, {"persistentVolumeClaim": {"claimName": "models", "readOnly": True}}),
        (IMAGE, {"image": {"reference": IMAGE["image"], "pullPolicy": "IfNotPresent"}}),
    ],
)
def test_a_model_is_checked_before_the_server_starts(model: Any, volume: Any) -> None:
    found = pod(model=model)
    assert found["volumes"][1] == {"name": "model", **volume}
    (verify,) = found["initContainers"]
    assert verify["env"] == [
        {"name": "MODEL_SHA256", "value": model["sha256"]},
        {"name": "MODEL_FILE", "value": f"/models/{model['file']}"},
    ]
    assert all(mount["readOnly"] for mount in verify["volumeMounts"])


def test_an_embedded_model_is_pinned_by_its_image() -> None:
    keys: dict[str, Any] = {"model": {}, "image": {"embed_model": "docker/m.gguf"}}
    assert "initContainers" not in pod(**keys)
    assert variables(model={}, image={"embed_model": "docker/m.gguf"})["MODEL"] == (
        "/models/model.gguf"
    )


def test_the_deployer_can_read_no_secret_and_delete_nothing() -> None:
    rules = loaded(**EVERYTHING)["deployer/base/role.yaml"]["rules"]
    named = {resource for rule in rules for resource in rule["resources"]}
    verbs = {verb for rule in rules for verb in rule["verbs"]}
    assert not {"secrets", "*", "pods/exec", "roles", "rolebindings", "nodes"} & named
    assert not {"*", "delete", "deletecollection", "escalate", "bind", "impersonate"} & verbs
    assert {"horizontalpodautoscalers", "servicemonitors", "leases"} <= named
    assert "servicemonitors" not in str(loaded()["deployer/base/role.yaml"])


def test_who_comes_from_outside_is_let_in_where_the_service_is() -> None:
    (rule,) = loaded(service_type="LoadBalancer")["base/network-policy.yaml"]["spec"]["ingress"]
    assert "from" not in rule


def refused() -> Iterator[tuple[dict[str, Any], str]]:
    yield {"model": {}}, "the image has no model"
    yield {"model": {**CLAIM, "sha256": ""}}, "kubernetes.model.sha256 is empty"
    yield {"model": {**CLAIM, "claim": ""}}, "kubernetes.model.claim is empty"
    yield {"model": {**IMAGE, "file": ""}}, "kubernetes.model.file is empty"
    yield {"model": IMAGE, "version": "1.30"}, "which Kubernetes 1.30 cannot mount"
    yield {"image": {"enabled": False}}, "needs an image"
    yield {"autoscaling": {"min_replicas": 9, "enabled": True}}, "above max_replicas"
    service = {"name": "1a", "path": ".", "kind": "cmake"}
    yield {"services": [service]}, 'the service "1a" begins with a digit'
    same = [{"name": each, "namespace": "one"} for each in "ab"]
    yield {"environments": same}, 'have the namespace "one"'


@pytest.mark.parametrize(("keys", "why"), list(refused()))
def test_what_cannot_be(keys: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError) as raised:
        texts(**keys)
    (problem,) = raised.value.problems
    assert why in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    "keys",
    [
        {"version": "1.19"},
        {"cpu": "two"},
        {"memory": "4 Gi"},
        {"node_selector": {"a b": "c"}},
        {"node_selector": {"a": "b c"}},
        {"model": {**CLAIM, "file": "../x"}},
        {"model": {**CLAIM, "sha256": "A" * 64}},
        {"pull_secret": "A"},
        {"api_key": {"secret": "a", "key": ".."}},
        {"environments": [{"name": "a", "namespace": "A"}]},
        {"args": ["a\nb"]},
    ],
)
def test_what_no_cluster_would_take(keys: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        texts(**keys)
