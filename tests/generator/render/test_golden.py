"""Whole pipelines as they were looked at once, in tests/golden/pipelines/<case>/.

Schemas, pictures and the code of vendored actions have tests of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.support.configs import SOURCE, VENDORED, config_of, outcome
from tests.support.facts import cmake_project, facts, python_project
from tests.support.golden import GOLDEN, Golden

from ci_gen.detect.model import Facts
from ci_gen.render.source import ActionSource

FOLDER = "pipelines"


@dataclass(frozen=True)
class Case:
    """One config in one repository."""

    config: dict[str, object]
    facts: Facts
    source: ActionSource = SOURCE


CASES = {
    "cmake": Case({}, facts(cmake_project(), submodules=("vendor/llama.cpp",))),
    "cuda": Case(
        {
            "cuda": {
                "enabled": True,
                "variants": [
                    {"name": "cuda12", "toolkit": "12.8", "architectures": ["80", "90a-real"]},
                    {"name": "cuda13", "toolkit": "/opt/cuda-13", "architectures": ["native"]},
                ],
            },
            "environments": [{"name": "gpu-forks", "tier": "testing"}],
            "forks": {"gpu": "approve", "environment": "gpu-forks"},
            "codeowners": ["@acme/platform", "ops@example.com"],
        },
        facts(),
    ),
    "python": Case({}, facts(python_project())),
    "services": Case(
        {
            "models": [{"name": "chat"}],
            "services": [
                {"name": "server", "path": ".", "targets": ["llama-server"]},
                {
                    "name": "answers",
                    "path": "services/answers",
                    "pytest": {"args": ["-m", "not slow"]},
                },
            ],
        },
        facts(cmake_project(), python_project(path="services/answers")),
    ),
    "renamed": Case(
        {
            "files": {
                ".github/workflows/ci.yml": ".github/workflows/ci-gen-ci.yml",
                ".github/workflows/ci-gen.yml": ".github/workflows/ci-gen-drift.yml",
                ".github/dependabot.yml": ".github/dependabot.ci-gen.yml",
                ".gitlab-ci.yml": ".gitlab/ci-gen/pipeline.yml",
                ".gitlab/ci-gen/check.yml": ".gitlab/ci-gen/check.ci-gen.yml",
                "docs/pipeline.md": "docs/ci/pipeline.md",
            },
            "codeowners": ["@acme/platform"],
        },
        facts(),
    ),
    "image": Case(
        {"image": {"enabled": True, "args": ["--ctx-size", "4096"], "packages": ["curl"]}},
        facts(cmake_project()),
    ),
    "image-cuda": Case(
        {
            "image": {
                "enabled": True,
                "source": "compile",
                "engine": "socket",
                "repository": "registry.example.com/team/server",
                "username": "REGISTRY_USER",
                "password": "REGISTRY_PASSWORD",
            },
            "cuda": {
                "enabled": True,
                "variants": [
                    {"name": "cuda12", "toolkit": "12.8", "architectures": ["80", "89"]},
                    {"name": "cuda13", "toolkit": "13.0", "architectures": ["100"]},
                ],
            },
            "environments": [{"name": "gpu-forks", "tier": "testing"}],
            "forks": {"gpu": "approve", "environment": "gpu-forks"},
        },
        facts(),
    ),
    "image-python": Case(
        {
            "image": {"enabled": True, "command": "uvicorn", "args": ["answers:app"]},
            "release": {"sign": False},
        },
        facts(python_project()),
    ),
    "models": Case(
        {
            "models": [
                {
                    "name": "chat",
                    "quality": {
                        "texts": ["tests/data/validation.txt"],
                        "questions": ["tests/data/qa_pairs.json"],
                    },
                    "release": {
                        "publish": True,
                        "promote_by_hand": ["production"],
                        "environment": "production",
                    },
                },
                {
                    "name": "large",
                    "config": "config/large.yaml",
                    "source": "hf://acme/large/large-Q4_K_M.gguf@" + "0" * 40,
                    "token": "HF_TOKEN",
                    "quality": {
                        "questions": ["tests/data/qa_pairs.json"],
                        "variant": "cuda12",
                        "baseline": "model",
                        "baseline_model": "registry://large@latest",
                        "on_inconclusive": "block",
                    },
                },
            ],
            "model_registry": {
                "location": "oci://registry.example.com/team/models",
                "username": "MODELS_USER",
                "password": "MODELS_PASSWORD",
            },
            "environments": [{"name": "production", "tier": "production"}],
            "cuda": {"enabled": True, "variants": [{"name": "cuda12"}, {"name": "cuda13"}]},
        },
        facts(cmake_project()),
    ),
    "kubernetes": Case(
        {
            "image": {"enabled": True, "command": "bin/llama-server", "args": ["--jinja"]},
            "environments": [
                {"name": "staging", "tier": "staging", "namespace": "chat-staging"},
                {
                    "name": "production",
                    "tier": "production",
                    "namespace": "chat-production",
                    "replicas": 3,
                },
            ],
            "kubernetes": {
                "enabled": True,
                "version": "1.20",
                "gpus": 1,
                "node_selector": {"accelerator": "l4"},
                "model": {
                    "delivery": "claim",
                    "claim": "models",
                    "file": "chat/model-Q4_K_M.gguf",
                    "sha256": "5" * 64,
                },
                "api_key": {"secret": "chat-api", "key": "key"},
                "pull_secret": "registry-login",
                "network": {"from_namespaces": ["ingress"]},
                "service_monitor": True,
            },
        },
        facts(cmake_project()),
    ),
    "kubernetes-scaled": Case(
        {
            "image": {
                "enabled": True,
                "command": "bin/llama-server",
                "embed_model": "docker/model.gguf",
            },
            "environments": [{"name": "staging", "namespace": "chat-staging"}],
            "kubernetes": {
                "enabled": True,
                "service_type": "LoadBalancer",
                "autoscaling": {"enabled": True, "max_replicas": 5},
            },
        },
        facts(cmake_project()),
    ),
    "vendored": Case({"actions": {"source": "vendor"}}, facts(), VENDORED),
}


@pytest.mark.parametrize("name", CASES)
def test_the_pipeline_is_the_one_that_was_looked_at(name: str, golden: Golden) -> None:
    case = CASES[name]
    texts = outcome(config_of(case.config), case.facts, case.source).texts
    kept = {path: text for path, text in texts.items() if not _code(path)}
    known = GOLDEN / FOLDER / name
    for path, text in kept.items():
        golden(f"{FOLDER}/{name}/{path}", text)
    there = {file.relative_to(known).as_posix() for file in known.rglob("*") if file.is_file()}
    assert there == set(kept), "golden files that nothing generates any more: remove them"


def _code(path: str) -> bool:
    return path.startswith(".ci-gen/actions/") or path.endswith((".schema.json", ".svg"))
