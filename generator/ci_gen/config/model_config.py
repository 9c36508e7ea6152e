"""config/model-config.yaml: which model is served, and how it answers.

The keys are those that teams keep beside their services; what reads them arrives with the
stages that fetch, test and deploy models.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from ci_gen.config.option import TEXT, Limits, option
from ci_gen.config.schema import section_schema

SCHEMA_PATH = ".ci-gen/model-config.schema.json"

_TEXT = Limits(
    pattern=TEXT,
    hint="one line without control characters, GitHub expressions or spaces at its ends",
)


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
