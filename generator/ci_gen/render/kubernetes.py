"""Manifests for kustomize: a base, an overlay an environment, and the deployer's rights."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from ci_gen.config.choices import ModelDelivery, ServiceType
from ci_gen.errors import ConfigError, Problem
from ci_gen.errors import quoted as quoted_name
from ci_gen.pipeline.cluster import MODELS, PRE_STOP, STARTUP_PERIOD, USER, Cluster
from ci_gen.pipeline.settings import CONFIG_FILE
from ci_gen.render.environment import render
from ci_gen.render.header import header
from ci_gen.render.scalars import quoted

BASE = "base"
OVERLAYS = "overlays"
DEPLOYER = "deployer"
_BASE_FILES = {
    "deployment": "the pods that serve",
    "service": "the address that stays",
    "service-account": "whom the pods are: nobody",
    "pod-disruption-budget": "how many pods an upgrade of nodes may take at once",
}
_DEPLOYER_FILES = {
    "service-account": "whom a deployment is done as",
    "role": "what a deployment may do",
    "role-binding": "who may do that",
}


def files(cluster: Cluster | None, names: Mapping[str, str]) -> dict[str, str]:
    """Path -> text of all manifests; nothing where none are wanted.

    `names` are the other names of generated files. Raises ConfigError where one is of ours: a
    kustomization knows its files by their names, and kubectl a kustomization by its own.
    """
    if cluster is None:
        return {}
    folder = posixpath.normpath(cluster.declared.folder)
    texts = {f"{folder}/{path}": text for path, text in _below(cluster, folder).items()}
    renamed = sorted(texts.keys() & names.keys())
    if renamed:
        why = f"files renames {quoted_name(renamed[0])}, which its kustomization needs by its name"
        hint = "leave it out, and set kubernetes.folder where the folder is taken"
        raise ConfigError([Problem(CONFIG_FILE, 0, 0, why, hint)])
    return texts


def _below(cluster: Cluster, folder: str) -> dict[str, str]:
    values = {**_values(cluster), "folder": folder}
    base = {**_BASE_FILES, **_optional(cluster)}
    texts = {
        f"{BASE}/{name}.yaml": _file(f"{BASE}/{name}.yaml", name, what, values)
        for name, what in base.items()
    }
    path = f"{BASE}/server.env"
    texts[path] = _file(path, "server.env", "what the server reads from its environment", values)
    listed = {**values, "resources": sorted(f"{name}.yaml" for name in base)}
    path = f"{BASE}/kustomization.yaml"
    texts[path] = _file(path, "base-kustomization", "what belongs together", listed)
    return {**texts, **_overlays(cluster, values), **_deployer(cluster, values)}


def _optional(cluster: Cluster) -> dict[str, str]:
    declared = cluster.declared
    wanted = {
        "network-policy": (declared.network.policy, "who may speak with the pods"),
        "horizontal-pod-autoscaler": (declared.autoscaling.enabled, "how many pods by load"),
        "service-monitor": (declared.service_monitor, "what Prometheus reads"),
    }
    return {name: what for name, (present, what) in wanted.items() if present}


def _overlays(cluster: Cluster, values: dict[str, Any]) -> dict[str, str]:
    texts = {}
    for place in cluster.places:
        path = f"{OVERLAYS}/{place.environment}/kustomization.yaml"
        what = f"the service in {place.environment}"
        texts[path] = _file(path, "overlay-kustomization", what, {**values, "place": place})
    return texts


def _deployer(cluster: Cluster, values: dict[str, Any]) -> dict[str, str]:
    if not cluster.places:
        return {}
    texts = {}
    for name, what in _DEPLOYER_FILES.items():
        path = f"{DEPLOYER}/base/{name}.yaml"
        texts[path] = _file(path, f"deployer-{name}", what, values)
    path = f"{DEPLOYER}/base/kustomization.yaml"
    listed = {**values, "resources": sorted(f"{name}.yaml" for name in _DEPLOYER_FILES)}
    texts[path] = _file(path, "deployer-kustomization", "the deployer's rights", listed)
    for place in cluster.places:
        path = f"{DEPLOYER}/{place.environment}/kustomization.yaml"
        what = f"the deployer's rights in {place.environment}"
        texts[path] = _file(path, "deployer-overlay", what, {**values, "place": place})
    return texts


def _file(path: str, template: str, what: str, values: dict[str, Any]) -> str:
    name = template if template.endswith(".env") else f"{template}.yaml"
    shown = header(f"{values['folder']}/{path}", what)
    return render(f"kubernetes/{name}.j2", {**values, "header": shown})


def _values(cluster: Cluster) -> dict[str, Any]:
    """What the templates print; every decision has been made."""
    declared, image = cluster.declared, cluster.image.declared
    delivery = declared.model.delivery
    surge, unavailable = cluster.surge
    gpus = declared.gpus
    taints = [(declared.gpu_resource, "NoSchedule")] if gpus else []
    taints += [(each.key, each.effect.value) for each in declared.tolerations]
    return {
        "name": cluster.name,
        "configuration": f"{cluster.name}-server",
        "replicas": None if declared.autoscaling.enabled else declared.replicas,
        "surge": surge,
        "unavailable": unavailable,
        "progress_seconds": cluster.progress_seconds,
        "grace_seconds": cluster.grace_seconds,
        "pre_stop": PRE_STOP,
        "startup_period": STARTUP_PERIOD,
        "startup_failures": cluster.startup_failures,
        "user": USER,
        "port": image.port,
        "health": image.health,
        "arguments": cluster.arguments(),
        "variables": cluster.server_variables(),
        "cpu": quoted(declared.cpu),
        "memory": quoted(declared.memory),
        "gpus": gpus,
        "gpu_resource": declared.gpu_resource,
        "node_selector": sorted(declared.node_selector.items()),
        "tolerations": list(dict.fromkeys(taints)),
        "claim": declared.model.claim if delivery is ModelDelivery.CLAIM else "",
        "model_image": declared.model.image if delivery is ModelDelivery.IMAGE else "",
        "volume": delivery is not ModelDelivery.EMBEDDED,
        "models": MODELS,
        "model_path": cluster.model_path,
        "sha256": declared.model.sha256 if delivery is not ModelDelivery.EMBEDDED else "",
        "api_key": declared.api_key if declared.api_key.secret else None,
        "pull_secret": declared.pull_secret,
        "service_type": declared.service_type.value,
        # Who comes from outside of the cluster has no namespace.
        "outside": declared.service_type is not ServiceType.CLUSTER_IP,
        "from_namespaces": declared.network.from_namespaces,
        "scaling": declared.autoscaling,
        "budget_api": cluster.budget_api,
        "autoscaling_api": cluster.autoscaling_api,
        "service_monitor": declared.service_monitor,
    }
