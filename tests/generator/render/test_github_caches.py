"""Caches on GitHub: what names them, who writes them, and a path that is no pattern."""

from __future__ import annotations

import pytest
import yaml
from tests.support.configs import config_of, outcome
from tests.support.facts import cmake_project, facts

CHAT = {"name": "chat", "quality": {"questions": ["qa.json"]}}


def steps(**model: object) -> list[dict[str, object]]:
    texts = outcome(config_of({"models": [{**CHAT, **model}]}), facts(cmake_project())).texts
    document = yaml.safe_load(texts[".github/workflows/ci.yml"])
    found = document["jobs"]["model-quality-chat"]["steps"]
    return [step for step in found if step.get("uses", "").startswith("actions/cache/")]


def test_a_model_is_kept_under_what_it_is_and_written_once() -> None:
    model, _, saved, _ = steps(source="hf://org/repo/m.gguf@0123456")
    assert model["id"] == "cache-model-chat"
    assert "restore-keys" not in model["with"]  # type: ignore[operator]
    assert "steps.cache-model-chat.outputs.cache-hit != 'true'" in str(saved["if"])
    assert "github.ref == 'refs/heads/main'" in str(saved["if"])


def test_the_newest_measurement_is_compared_with_and_a_newer_one_kept() -> None:
    _, measured, _, saved = steps()
    inputs = measured["with"]
    assert inputs["key"] == "quality-chat-cpu.${{ github.sha }}"  # type: ignore[index]
    assert inputs["restore-keys"] == "quality-chat-cpu."  # type: ignore[index]
    assert saved["if"] == "github.ref == 'refs/heads/main'"


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("config/m.yaml", "'config/m.yaml'"),
        ("a/it's.yaml", "'a/it''s.yaml'"),
        ("[x]/m.yaml", "'[[]x]/m.yaml'"),
    ],
)
def test_a_config_that_says_which_model_it_is_names_the_cache(path: str, pattern: str) -> None:
    model = steps(config=path)[0]
    key = model["with"]["key"]  # type: ignore[index]
    assert str(key).endswith(f"-${{{{ hashFiles({pattern}) }}}}")
