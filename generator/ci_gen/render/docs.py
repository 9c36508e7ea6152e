"""docs/pipeline.md and its picture."""

from __future__ import annotations

from collections.abc import Mapping

from ci_gen.pipeline.model import Pipeline

PAGE = "docs/pipeline.md"
PICTURE = "docs/pipeline.svg"


def documents(pipeline: Pipeline, names: Mapping[str, str]) -> dict[str, str]:
    """Path -> text of the page and the picture that it shows."""
    return {}
