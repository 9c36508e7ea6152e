"""metadata.json: read strictly, described by a schema that is current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.support.actions import ROOT
from tests.support.model_registries import evidence, found, model, version

from ci_gen_actions.model_registry import metadata
from ci_gen_actions.model_registry.declared import Malformed
from ci_gen_actions.model_registry.document import PLACE

LESSON = {
    "model_name", "version", "format", "quantization", "base_model", "created_at", "created_by",
    "parameters", "performance", "tests_passed", "checksum", "download_url",
}  # fmt: skip


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    proofs = found(evidence("scan", "scan-image"))
    value: dict[str, Any] = json.loads(
        metadata.to_bytes(version(model(tmp_path), told=proofs).metadata)
    )
    return value


def test_the_schema_is_current() -> None:
    assert (ROOT / PLACE).read_text("utf-8") == metadata.document(), "python3 dev.py docs"


def test_what_is_written_is_what_the_schema_says(told: dict[str, Any]) -> None:
    schema = json.loads(metadata.document())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(told, schema)
    assert set(told) >= LESSON
    assert set(told["parameters"]) >= {"num_parameters", "context_length", "vocab_size"}
    assert set(told["performance"]) == {"perplexity", "tokens_per_second", "memory_gb"}
    assert set(told["tests_passed"]) == {"quality", "performance", "security"}


def test_there_and_back(told: dict[str, Any]) -> None:
    data = json.dumps(told).encode()
    assert json.loads(metadata.to_bytes(metadata.parse(data))) == told
    later = {**told, "a_later_field": 1}
    assert json.loads(metadata.to_bytes(metadata.parse(json.dumps(later).encode()))) == told


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("schema",), 2, "schema is 2, made by a newer ci-gen"),
        (("checksum",), "sha256:x", "checksum does not match"),
        (("version",), None, "version is no string"),
        (("files",), {}, "files is no list"),
        (("files", 0, "name"), "../x", r"files\[0\].name does not match"),
        (("files", 0, "size"), True, r"files\[0\].size is no integer"),
        (("parameters",), [], "parameters is no object"),
        (("performance", "perplexity"), "5", "performance.perplexity is no number and not null"),
        (("tests_passed", "quality"), 1, "tests_passed.quality is no boolean"),
    ],
)
def test_what_is_none(told: dict[str, Any], path: tuple[Any, ...], value: Any, why: str) -> None:
    place: Any = told
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = value
    with pytest.raises(Malformed, match=why):
        metadata.parse(json.dumps(told).encode())
    if why.endswith(("ci-gen",)):
        return
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, json.loads(metadata.document()))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"[" * 100_000, b"x" * (metadata.BYTES + 1)])
def test_what_is_no_metadata_at_all(data: bytes) -> None:
    with pytest.raises(Malformed):
        metadata.parse(data)
