"""The inputs of action `build` that its CPU and its CUDA half share."""

from __future__ import annotations

from ci_gen.pipeline.model import VARIANT, Value
from ci_gen.pipeline.parts import CCACHE_FOLDER, flag, lines
from ci_gen.pipeline.settings import ServiceSettings, Settings


def build_inputs(
    settings: Settings, service: ServiceSettings, *, backend: str, variant: str, junit: str
) -> dict[str, Value]:
    """Inputs of one build; `variant` is part of the package's name and folder."""
    declared = service.declared
    name = f"build-{backend}-{service.name}"
    return {
        "service": service.name,
        "source": service.path,
        "backend": backend,
        "cmake-args": lines(declared.cmake_args),
        "targets": lines(declared.targets),
        "build-type": declared.build_type.value,
        "generator": declared.generator.value,
        "ctest": flag(service.ctest),
        "ctest-include": declared.ctest.include,
        "ctest-exclude": declared.ctest.exclude,
        "ctest-timeout": str(declared.ctest.timeout_seconds),
        "compiler-cache": "auto" if settings.config.compiler_cache else "none",
        "cache-folder": CCACHE_FOLDER,
        "output-folder": f"dist/{service.name}-{variant}",
        "package-name": f"{service.name}-{variant}",
        "package-paths": lines(declared.package_paths),
        "junit": junit,
        "evidence-name": name if variant != VARIANT else f"{name}-{VARIANT}",
    }
