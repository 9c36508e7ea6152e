"""config/model-config.yaml: which model is served, and how it answers.

The keys are those that teams keep beside their services. `model.source` and `model.sha256` are read
when a pipeline runs, so that another model needs no other pipeline.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from ci_gen.config.limits import MODEL_SOURCE, SHA256
from ci_gen.config.option import Limits, option
from ci_gen.config.schema import section_schema

SCHEMA_PATH = ".ci-gen/model-config.schema.json"


class ModelFormat(str, Enum):
    """File formats that llama.cpp loads."""

    GGUF = "gguf"


@dataclass(frozen=True, kw_only=True)
class ModelSection:
    """The model."""

    name: str = option(
        limits=Limits(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$",
            hint="letters, digits, dots, hyphens and underscores",
        ),
        example="llama-2-7b-chat",
        doc="The model's name.",
    )
    format: ModelFormat = option(default=ModelFormat.GGUF, doc="The file format.")
    quantization: str = option(
        default="",
        limits=Limits(
            pattern=r"^[A-Z0-9][A-Z0-9_-]{0,23}$", hint="a llama.cpp type such as Q4_K_M"
        ),
        example="Q4_K_M",
        doc="How the weights are stored.",
    )
    source: str = option(
        default="",
        limits=MODEL_SOURCE,
        example="hf://org/repository/model-Q4_K_M.gguf@0123456789abcdef0123456789abcdef01234567",
        doc="Where the file comes from, unless ci-gen.yaml says it.",
    )
    sha256: str = option(
        default="",
        limits=SHA256,
        doc="The SHA-256 of the file. An https:// address needs it.",
    )
    version: str = option(
        default="",
        limits=Limits(
            pattern=r"^v?[0-9][A-Za-z0-9._-]{0,99}(?<![.-])$",
            hint="a version such as 1.1 or 2026.11-q4: a digit first, then letters, digits, dots, "
            "hyphens and underscores",
        ),
        example="1.1",
        doc="The version that it is published as. Where empty it is made of the file's SHA-256, so "
        "that the same file is always the same version.",
    )
    context_size: int = option(
        default=4096,
        limits=Limits(minimum=1, maximum=1 << 24),
        doc="The context's length in tokens.",
    )


@dataclass(frozen=True, kw_only=True)
class InferenceSection:
    """How it answers."""

    temperature: float = option(
        default=0.7, limits=Limits(minimum=0, maximum=10), doc="Sampling temperature."
    )
    top_p: float = option(
        default=0.9, limits=Limits(minimum=0, maximum=1), doc="Nucleus sampling's share."
    )
    max_tokens: int = option(
        default=512, limits=Limits(minimum=1, maximum=1 << 24), doc="Longest answer in tokens."
    )


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The whole file."""

    model: ModelSection = option(doc="The model.")
    inference: InferenceSection = option(factory=InferenceSection, doc="How it answers.")


@cache
def schema_text() -> str:
    """The JSON Schema as it is committed."""
    document: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "model-config.yaml",
        **section_schema(ModelConfig),
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
