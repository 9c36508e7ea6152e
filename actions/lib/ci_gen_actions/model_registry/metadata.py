"""metadata.json: what is known of one version of a model. Pure.

What the model file itself says is read from it, what gates measured from their evidence; what
nobody measured is null. The schema is docs/schemas/model-metadata.schema.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..gguf_file.digest import model_digest
from .declared import Malformed, as_json, from_json, known, schema

SCHEMA = 1
NAME = "metadata.json"
REPORT = "performance_report.json"
MODEL = "model.gguf"
BYTES = 4 * 1024 * 1024
"""The largest metadata.json that is read."""

_DIGEST = "sha256:[0-9a-f]{64}"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The size of the model and of what it can take."""

    num_parameters: str | None = known("The number of weights for people, such as 7B")
    count: int | None = known("The number of weights")
    context_length: int | None = known("The context that the model was trained for, in tokens")
    vocab_size: int | None = known("The size of the vocabulary, in tokens")


@dataclass(frozen=True, kw_only=True)
class Performance:
    """What the gates measured, null where none did."""

    perplexity: float | None = known("The perplexity that the quality gate measured")
    tokens_per_second: float | None = known("Tokens generated a second, from the benchmark gate")
    memory_gb: float | None = known("Memory at its peak in gigabytes (10^9 bytes)")


@dataclass(frozen=True, kw_only=True)
class TestsPassed:
    """For each kind of gate whether the model passed it; null where none ran to its end."""

    quality: bool | None = known("Answers and perplexity")
    performance: bool | None = known("Speed and memory")
    security: bool | None = known("Scans")


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One file of a version. `name` has no folder in it."""

    name: str = known("The file's name", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
    sha256: str = known("The SHA-256 of its bytes, in hex", pattern="[0-9a-f]{64}")
    size: int = known("Its size in bytes")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An evidence file that the figures were taken from."""

    stage: str = known("The name of the evidence")
    action: str = known("The action that wrote it")
    verdict: str = known("PASS, FAIL, INCONCLUSIVE, NO_DATA or ERROR")
    sha256: str = known("The digest of the evidence file", pattern=_DIGEST)


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What is known of one version of a model."""

    schema: int = known("The version of this format: 1")
    model_name: str = known("The model's name in the registry")
    version: str = known("The version, without a leading v")
    format: str = known("The format of the model files: GGUF")
    quantization: str | None = known("The type that most weights have, such as Q4_K_M")
    base_model: str | None = known("The model that this one was made from, as the file names it")
    created_at: str = known("When the version was published, UTC in RFC 3339")
    created_by: str | None = known("Who, or what, published it")
    parameters: Parameters = known("The model's size")
    performance: Performance = known("What the gates measured")
    tests_passed: TestsPassed = known("What the gates found")
    checksum: str = known(
        "The digest of the model file; of a split model that of its files' SHA-256 in hex, a "
        "line each, in the order in which they are loaded",
        pattern=_DIGEST,
    )
    download_url: str | None = known("Where the first model file can be downloaded")
    title: str | None = known("The name that the model file gives itself")
    architecture: str | None = known("The architecture, such as llama")
    license: str | None = known("The licence that the model file names")
    chat_template: str | None = known("The digest of the chat template's text", pattern=_DIGEST)
    source: str | None = known("Where the model was fetched from, without credentials")
    commit: str | None = known("The commit of the repository whose pipeline published it")
    files: tuple[ModelFile, ...] = known("Every file of the version except this one")
    evidence: tuple[Proof, ...] = known("The evidence that the figures were taken from")

    @property
    def weights(self) -> tuple[ModelFile, ...]:
        """The model files alone, in the order in which they are loaded."""
        return tuple(each for each in self.files if each.name.endswith(".gguf"))


def to_bytes(metadata: Metadata) -> bytes:
    """metadata.json as it is stored."""
    return (json.dumps(as_json(metadata), indent=2, ensure_ascii=False) + "\n").encode()


def parse(data: bytes) -> Metadata:
    """Read metadata.json. Raises Malformed, which says what is wrong with it."""
    if len(data) > BYTES:
        raise Malformed("", f"is larger than {BYTES} bytes")
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed("", "is no JSON") from None
    found = from_json(Metadata, value)
    if found.schema > SCHEMA:
        raise Malformed("schema", f"is {found.schema}, made by a newer ci-gen")
    return found


def checksum(weights: Sequence[ModelFile]) -> str:
    """The digest that names the model of these files, `sha256:...`."""
    return f"sha256:{model_digest([each.sha256 for each in weights])}"


def document() -> str:
    """The JSON Schema as docs/schemas/model-metadata.schema.json holds it."""
    return json.dumps(schema(Metadata, "metadata.json of a model version"), indent=2) + "\n"
