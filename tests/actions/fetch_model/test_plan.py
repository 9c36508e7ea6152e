from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.fetch_model.options import Options
from ci_gen_actions.fetch_model.plan import Plan, plan, version_of
from ci_gen_actions.fetch_model.sources import Hub, Local, Web

DIGEST = "0" * 64
CONFIG = f"""\
model:
  name: chat
  source: https://example.org/m.gguf
  sha256: {DIGEST}
  version: 1.10
inference:
  temperature: 0.5
"""


def planned(folder: Path, config: str = "", **options: Any) -> Plan:
    if config:
        (folder / "model-config.yaml").write_text(config)
        options["config"] = "model-config.yaml"
    return plan(Options(**options), folder)


def test_the_config_says_what_the_inputs_do_not(tmp_path: Path) -> None:
    found = planned(tmp_path, CONFIG)
    assert found.source == Web("https://example.org/m.gguf")
    assert found.digests == (DIGEST,)
    assert found.version == "1.10"


def test_the_inputs_win(tmp_path: Path) -> None:
    found = planned(tmp_path, CONFIG, source="https://example.org/o.gguf", sha256=("1" * 64,))
    assert (found.source, found.digests) == (Web("https://example.org/o.gguf"), ("1" * 64,))


def test_a_digest_belongs_to_the_source_beside_it(tmp_path: Path) -> None:
    assert planned(tmp_path, CONFIG, source="file:m.gguf").digests == ()
    same = planned(tmp_path, CONFIG, source="https://example.org/m.gguf")
    assert same.digests == (DIGEST,)


def test_a_pinned_hub_needs_no_digest(tmp_path: Path) -> None:
    assert planned(tmp_path, source="hf://a/b/m.gguf").source == Hub("a/b", "m.gguf", "main")
    assert planned(tmp_path, source="file:m.gguf").source == Local("m.gguf")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("model: {name: chat}\n", "no model is named"),
        ("model:\n  source: [a]\n", "model.source is no text"),
        ("model: chat\n", "has no section model"),
        ("- a\n", "has no section model"),
        ("model: {\n", "is no YAML"),
        ("model: &a [*a]\n", "has no section model"),
        ("model:\n  source: https://example.org/m.gguf\n", "SHA-256 of the model is missing"),
    ],
)
def test_configs_that_do_not_say_enough(tmp_path: Path, config: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(tmp_path, config)
    assert told in str(caught.value)


def test_a_place_in_the_config(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        planned(tmp_path, "model:\n  a: [\n  b: c\n")
    assert caught.value.where.startswith("model-config.yaml:")


def test_no_source_and_no_config(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model is named"):
        planned(tmp_path)
    with pytest.raises(UsageError, match=r"no\.yaml cannot be read"):
        plan(Options(config="no.yaml"), tmp_path)


def test_versions() -> None:
    source = Local("m")
    told = Plan(source=source, digests=(), version="1.2")
    untold = Plan(source=source, digests=(), version="")
    assert version_of(told, "7", "abc") == "1.2"
    assert version_of(untold, "7", "abc") == "7"
    assert version_of(untold, "", "abcdef0123456789") == "0-abcdef012345"
