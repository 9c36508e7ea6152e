"""For every key of ci-gen.yaml the values that tests combine: usual, extreme and hostile ones.

A key is written as a path; of a list of sections the first item stands for all: the key
`services[0].path` is one option like any other. Values are hashable: tuples for lists and
mappings. What a config holds besides, `extras` says.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from typing import Any, cast

from tests.support.configs import Row
from tests.support.hostile import HOSTILE

from ci_gen.config.model import Config
from ci_gen.config.option import Key, Kind, keys
from ci_gen.config.schema import plain

DIGEST = "@sha256:" + "0" * 64
CHOSEN: Mapping[str, tuple[Hashable, ...]] = {
    # Keys whose values hang together, or of which no hostile text is a legal value.
    "version": (1,),
    "default_branch": (None, "main", "feature/c++", "release-1.x_y", "on"),
    "platforms": (("github", "gitlab"), ("github",), ("gitlab",)),
    "services[0].name": ("a", "true", "service-" + "x" * 32, "0"),
    "services[0].path": (".", "services/chat $X (1)", "./a'b", "a b"),
    "services[0].targets": ((), ("llama-server",), ("a", "b.c", "d+e", "_f")),
    "cuda.variants[0].name": ("cuda", "null", "12", "v" * 40),
    "cuda.variants[0].toolkit": ("", "12.10", "13", "/usr/local/cuda-12.8"),
    "cuda.variants[0].architectures": (("native",), ("80", "90a-real", "120-virtual"), ("all",)),
    "runners.hosted.labels": (("ubuntu-24.04",), ("self-hosted", "linux", "big.runner_1")),
    "runners.hosted.image": (None, "python:3.12" + DIGEST, "example.com:5000/a/b" + DIGEST),
    "runners.gpu.labels": (("self-hosted", "linux", "x64", "gpu"), ("gpu-h100.x8",)),
    "runners.gpu.image": ("", "nvidia/cuda:12.8" + DIGEST),
    "environments": ((), ("gpu-forks",), ("gpu-forks", "production", "true", "null")),
    "forks.environment": ("", "gpu-forks"),
    "actions.repository": (None, "acme/ci-gen", "A/_._-"),
    "actions.commit": (None, "f" * 40, "0" * 40),
    "codeowners": ((), ("@acme/ml-team",), ("@a", "ops+ci@example.com", "@a/b/c")),
    "triggers.tags": (("v*",), (), ("v*", "release/**", "1.x-*_y"), ("*",)),
    "files": (
        (),
        ((".github/workflows/ci.yml", ".github/workflows/on (1).yml"),),
        ((".gitlab-ci.yml", ".gitlab/true.yml"), (".gitlab/ci-gen/base.yml", ".gitlab/a b #c.yml")),
    ),
    "models[0].name": ("default", "yes", "0"),
    "models[0].source": (
        "",
        "hf://org/repo/model.gguf@" + "0" * 40,
        "https://example.com/$a/model.gguf",
        "registry://a@1.0",
        "file:models/it's.gguf",
    ),
    "models[0].sha256": ("", "0" * 64),
    "models[0].token": ("", "HF_TOKEN"),
    "models[0].service": (None, "further-0"),
    "models[0].quality.texts": ((), ("a b/validation.txt",), ("$x/[a].txt", "!b.txt")),
    "models[0].quality.tasks": ((), ("hellaswag=a $b/h.txt",)),
    "models[0].quality.questions": ((), ("a/qa.json", "b'c/qa.jsonl")),
    "models[0].quality.variant": ("cpu", "cuda"),
    "models[0].quality.baseline_model": ("", "registry://a@latest", "file:/srv/a.gguf"),
    "models[0].quality.baseline_sha256": ("", "1" * 64),
    "models[0].release.promote_on_pass": (("latest",), (), ("latest", "staging")),
    "models[0].release.promote_by_hand": ((), ("production", "null")),
    "models[0].release.environment": ("", "gpu-forks"),
    "model_registry.location": ("", "/srv/models", "oci://registry.example.com:5000/a/b"),
    "model_registry.username": ("", "REGISTRY_USER"),
    "model_registry.password": ("", "REGISTRY_PASSWORD"),
    "image.service": (None, "further-0"),
    "image.command": (None, "bin/llama-server", "1e3"),
    "image.health": ("/health", "/", "/a.b/~c_d-e"),
    "image.properties": ("/props", ""),
    "image.repository": (None, "registry.example.com:5000/a/b__c-d.e", "ghcr.io/acme/server"),
    "image.username": ("", "REGISTRY_USER"),
    "image.password": ("", "REGISTRY_PASSWORD"),
    "image.platforms": (("linux/amd64",), ("linux/arm64",), ("linux/amd64", "linux/arm64")),
    "image.base": (None, "debian:13" + DIGEST),
    "image.build_base": (None, "debian:13" + DIGEST),
    "image.cuda_base": (None, "nvidia/cuda:12.8" + DIGEST),
    "image.cuda_build_base": (None, "nvidia/cuda:12.8-devel" + DIGEST),
    "image.python_base": (None, "python:3.13" + DIGEST),
    "image.packages": ((), ("libgomp1", "g++-12")),
    "image.embed_model": ("", "docker/model $X's.gguf"),
    "kubernetes.version": ("1.20", "1.31", "1.37"),
    "kubernetes.model.claim": ("models", "1.a-b"),
    "kubernetes.model.image": ("m" + DIGEST, "example.com/models/chat:1" + DIGEST),
    "kubernetes.model.file": ("true", "a/b-c_d+e.gguf"),
    "kubernetes.model.sha256": ("0" * 64, "e" * 64),
    "kubernetes.cpu": ("2", "500m", "0.5"),
    "kubernetes.memory": ("4Gi", "100000000", "512Mi"),
    "kubernetes.gpu_resource": ("nvidia.com/gpu", "amd.com/gpu"),
    "kubernetes.node_selector": ((), (("kubernetes.io/os", "linux"), ("true", "null"), ("a", ""))),
    "kubernetes.tolerations[0].key": ("true", "example.com/gpu"),
    "kubernetes.api_key.secret": ("", "on", "llm.keys"),
    "kubernetes.api_key.key": ("token", "null", "0.1"),
    "kubernetes.pull_secret": ("", "y", "registry-login"),
    "kubernetes.network.from_namespaces": ((), ("ingress", "1", "true")),
    "release.require": ((), ("build-cpu-a", "quick-checks")),
}
EXTRAS: Mapping[str, tuple[Hashable, ...]] = {
    "facts": ("cmake", "python", "several"),
    "further services": (0, 1, 3),
    "further variants": (0, 2),
    "further models": (0, 1),
}
"""What a config's meaning depends on besides its keys."""


def options(section: type[Any] = Config, path: str = "") -> Iterator[tuple[str, Key]]:
    """Every key of the config that holds a value, lists of sections by their first item."""
    for key in keys(section).values():
        name = f"{path}{key.name}"
        item = key.shape.item
        if key.shape.kind is Kind.SECTION:
            yield from options(cast("type[Any]", key.shape.cls), f"{name}.")
        elif item is not None and item.kind is Kind.SECTION and name not in CHOSEN:
            yield from options(cast("type[Any]", item.cls), f"{name}[0].")
        else:
            yield name, key


@cache
def values() -> dict[str, tuple[Hashable, ...]]:
    """Option -> the values to combine."""
    found = {name: CHOSEN.get(name) or tuple(_values(key)) for name, key in options()}
    return {**found, **EXTRAS}


def _values(key: Key) -> Iterator[Hashable]:
    if key.nullable:
        yield None
    kind, limits = key.shape.kind, key.limits
    if kind is Kind.BOOLEAN:
        yield from (True, False)
    elif kind is Kind.CHOICE:
        yield from (member.value for member in cast("Any", key.shape.cls))
    elif kind in (Kind.INTEGER, Kind.NUMBER):
        yield from sorted({limits.minimum, key.default, limits.maximum} - {None})
    elif kind is Kind.TEXT:
        yield from dict.fromkeys(
            [*([key.default] if key.default is not None else []), *_legal(key)[:3]]
        )
    elif kind is Kind.LIST:
        legal = tuple(_legal(key))
        usual = tuple(plain(key.default or ()))
        yield from dict.fromkeys([usual, legal[: limits.max_items], legal[:1]])
    else:
        raise AssertionError(f"no values for {key.name}: name some in CHOSEN")


def _legal(key: Key) -> list[str]:
    """The hostile texts that the key takes all the same."""
    return [
        text for text in HOSTILE if len(text) <= 1000 and re.fullmatch(key.limits.pattern, text)
    ]


def forbidden(a: str, one: Hashable, b: str, other: Hashable) -> bool:
    """Whether two values contradict each other, so that the config is refused."""
    if a.startswith("models[0]"):
        return _models_forbid(a.removeprefix("models[0]."), one, b, other)
    match a, b:
        case "forks.gpu", "forks.environment":
            return one == "approve" and other == ""
        case "forks.gpu", "environments":
            return one == "approve" and other == ()
        case "services[0].kind", "services[0].path":
            return one is None and other != "."
        case "services[0].kind", "image.command":
            return one != "cmake" and other is None
        case "further services", "image.service":
            return one == 0 and other is not None
        case "services[0].kind", "image.source":
            return one != "cmake" and other == "compile"
        case "services[0].kind", "image.platforms":
            return one != "cmake" and len(cast("tuple[str, ...]", other)) > 1
        case "image.source", "image.platforms":
            return one == "package" and len(cast("tuple[str, ...]", other)) > 1
        case ("image.username", "image.password") | (
            "model_registry.username",
            "model_registry.password",
        ):
            return (one == "") != (other == "")
        case "image.enabled", "kubernetes.enabled":
            return one is False and other is True
        case "services[0].name", "kubernetes.enabled":
            return one == "0" and other is True
        case "image.embed_model", "kubernetes.model.delivery":
            return one == "" and other == "embedded"
        case "kubernetes.version", "kubernetes.model.delivery":
            return one == "1.20" and other == "image"
        case "kubernetes.autoscaling.min_replicas", "kubernetes.autoscaling.max_replicas":
            return cast("int", one) > cast("int", other)
        case "files", "platforms":
            texts = str(one)
            return (".github/" in texts and other == ("gitlab",)) or (
                ".gitlab" in texts and other == ("github",)
            )
    return False


def _models_forbid(a: str, one: Hashable, b: str, other: Hashable) -> bool:
    """The contradictions of a model with something else."""
    b = b.removeprefix("models[0].")
    match a, b:
        case "quality.texts", "quality.questions" | "quality.tasks":
            return one == () and other != ()
        case "quality.texts", "release.publish":
            return one == () and other is True
        case (("quality.texts" | "quality.questions" | "quality.tasks"), "services[0].kind"):
            return one != () and other != "cmake"  # a package to measure with
        case "release.publish", "services[0].kind":
            return one is True and other != "cmake"
        case "service", "further services":
            return one is not None and other == 0
        case "source", "sha256":
            return str(one).startswith("https:") and other == ""
        case (("source" | "quality.baseline_model"), "model_registry.location"):
            return str(one).startswith("registry:") and other == ""
        case "quality.baseline_model", "quality.baseline":
            return (one != "") != (other == "model")
        case "quality.variant", ("cuda.enabled" | "services[0].cuda"):
            return one != "cpu" and other is False
        case "quality.variant", "cuda.variants[0].name":
            return one != "cpu" and other != one
        case "release.publish", "model_registry.location":
            return one is True and other == ""
        case "release.promote_by_hand", "release.environment":
            return one != () and other == ""
        case "release.environment", "environments":
            return one != "" and other == ()
        case "release.promote_by_hand", "environments":
            return one != () and other == ()
    return False


def document(row: Row) -> dict[str, Any]:
    """The config that a row of values describes."""
    root: dict[str, Any] = {}
    for name, value in row.items():
        if name in EXTRAS:
            continue
        if name == "environments":
            names = cast("tuple[str, ...]", value)
            spaces = {"production": "chat-production", "null": "null"}
            root[name] = [{"name": one, "namespace": spaces.get(one, "")} for one in names]
        elif name in ("files", "kubernetes.node_selector"):
            _put(root, name.split("."), dict(cast("Any", value)))
        else:
            _put(root, name.split("."), list(value) if isinstance(value, tuple) else value)
    for number in range(int(cast("int", row["further services"]))):
        kind = ("cmake", "python")[number % 2]
        root["services"].append({"name": f"further-{number}", "path": f"f/{number}", "kind": kind})
    for number in range(int(cast("int", row["further variants"]))):
        root["cuda"]["variants"].append({"name": f"further-{number}"})
    for number in range(int(cast("int", row["further models"]))):
        root["models"].append({"name": f"further-{number}"})
    return root


def _put(place: dict[str, Any], steps: list[str], value: Any) -> None:
    name, *rest = steps
    if not rest:
        place[name] = value
    elif name.endswith("[0]"):
        _put(place.setdefault(name[:-3], [{}])[0], rest, value)
    else:
        _put(place.setdefault(name, {}), rest, value)
