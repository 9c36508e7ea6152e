"""The stages of the pipeline in order; one module each.

A stage is a function from `Settings` to a `Stage`, None where it has nothing to do. The last
ones, which sum up what the others did, are planned after them: `release`, `model_release`, and the
gate.
CONTRIBUTING.md, "Add a stage", is the recipe.
"""

from __future__ import annotations

from collections.abc import Callable

from ci_gen.pipeline.model import Stage
from ci_gen.pipeline.settings import Settings
from ci_gen.pipeline.stages import (
    build_cpu,
    build_cuda,
    build_python,
    check,
    image,
    integration,
    model_quality,
    scan,
    unit,
)

STAGES: tuple[Callable[[Settings], Stage | None], ...] = (
    check.plan,
    unit.plan,
    build_cpu.plan,
    build_cuda.plan,
    build_python.plan,
    integration.plan,
    model_quality.plan,
    image.plan,
    scan.plan,
)
