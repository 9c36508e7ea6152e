"""dependabot's configuration and CODEOWNERS."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.detect.model import Facts, PackageManager, Seen
from ci_gen.pipeline.settings import settle
from ci_gen.render.upkeep import DEPENDABOT, GITHUB_OWNERS, GITLAB_OWNERS, files

OWNERS = {"codeowners": ["@acme/platform", "ops@example.com"]}


def made(
    document: dict[str, Any], seen: Facts | None = None, generated: tuple[str, ...] = ()
) -> dict[str, str]:
    seen = seen or facts()
    return files(settle(config_of(document), seen), seen, list(generated))


def updates(seen: Facts, document: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """The entries of dependabot.yml by ecosystem."""
    text = made(document or {}, seen)[DEPENDABOT]
    found = YAML(typ="safe").load(text)["updates"]
    return {entry["package-ecosystem"]: entry for entry in found}


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ({}, {DEPENDABOT}),
        ({"dependabot": {"enabled": False}}, set()),
        ({"platforms": ["gitlab"]}, set()),
        ({"platforms": ["gitlab"], **OWNERS}, {GITLAB_OWNERS}),
        ({"platforms": ["github"], **OWNERS}, {DEPENDABOT, GITHUB_OWNERS}),
        (OWNERS, {DEPENDABOT, GITHUB_OWNERS, GITLAB_OWNERS}),
    ],
)
def test_which_files_there_are(document: dict[str, Any], paths: set[str]) -> None:
    assert set(made(document)) == paths


def test_what_a_repository_has_is_updated() -> None:
    python = python_project("a", path="a")
    assert python.python is not None
    uv = replace(
        python,
        name="b",
        path="b",
        python=replace(python.python, path="b", manager=PackageManager.UV),
    )
    root = replace(python, name="c", path=".", python=replace(python.python, path="."))
    seen = replace(
        facts(cmake_project(), python, uv, root, submodules=("x",)),
        dockerfiles=(Seen("Dockerfile"), Seen("docker/api/Dockerfile"), Seen("Dockerfile.gpu")),
    )
    found = updates(seen)
    assert set(found) == {"github-actions", "gitsubmodule", "pip", "uv", "docker"}
    assert found["pip"]["directories"] == ["/", "/a"]
    assert found["uv"]["directory"] == "/b"
    assert found["docker"]["directories"] == ["/", "/docker/api"]


def test_interval_and_cooldown() -> None:
    (entry,) = updates(
        facts(), {"dependabot": {"interval": "monthly", "cooldown_days": 30}}
    ).values()
    assert entry["schedule"]["interval"] == "monthly"
    assert entry["cooldown"]["default-days"] == 30


def test_generated_workflows_are_left_to_ci_gen() -> None:
    ci = {".github/workflows/ci.yml": ".github/workflows/x.yml"}
    (entry,) = updates(facts(), {"files": ci}).values()
    assert entry["exclude-paths"] == [".github/workflows/ci-gen.yml", ".github/workflows/x.yml"]


def owned(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_owners_of_every_generated_file_and_of_the_owners() -> None:
    generated = (".ci-gen/a.json", ".gitlab/ci-gen/b.yml", ".gitlab-ci.yml", "docs/a b#c.md")
    document = {**OWNERS, "files": {".gitlab-ci.yml": "ci/x.yml"}}
    texts = made(document, generated=generated)
    lines = owned(texts[GITHUB_OWNERS])
    assert lines == owned(texts[GITLAB_OWNERS])
    assert all(line.endswith(" @acme/platform ops@example.com") for line in lines)
    assert [line.removesuffix(" @acme/platform ops@example.com") for line in lines] == [
        "/.ci-gen/",
        "/.github/CODEOWNERS",
        "/.github/dependabot.yml",
        "/.gitlab/CODEOWNERS",
        "/.gitlab/ci-gen/",
        "/ci-gen.yaml",
        "/ci/x.yml",
        "/docs/a\\ b\\#c.md",
    ]
