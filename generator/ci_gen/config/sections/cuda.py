"""The CUDA builds."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.limits import REPOSITORY_PATH, SLUG
from ci_gen.config.option import Limits, option


@dataclass(frozen=True, kw_only=True)
class CudaVariant:
    """One row of the CUDA build matrix."""

    name: str = option(limits=SLUG, doc="Part of the job's and the package's name.")
    toolkit: str = option(
        default="",
        limits=Limits(
            pattern=r"^(?:[0-9]{1,2}(?:\.[0-9]{1,2})?|/[A-Za-z0-9._/-]+)$",
            hint="a version such as 12.8, or the absolute path of a toolkit",
        ),
        example="12.8",
        doc="The CUDA toolkit on the runner, as version or path; the one on PATH where empty.",
    )
    architectures: tuple[str, ...] = option(
        default=("native",),
        limits=Limits(
            pattern=r"^(?:native|all|all-major|[1-9][0-9]{1,2}[af]?(?:-real|-virtual)?)$",
            hint="native, all-major, or compute capabilities such as 80 or 90a-real",
            min_items=1,
        ),
        example=["80", "86", "89"],
        doc="CMAKE_CUDA_ARCHITECTURES: the GPUs that the package is for.",
    )


@dataclass(frozen=True, kw_only=True)
class Cuda:
    """CUDA builds on self-hosted GPU runners."""

    enabled: bool = option(
        default=False,
        doc="Build the CUDA variants. Off until there is a runner to build them: "
        "without one the jobs wait for ever.",
    )
    variants: tuple[CudaVariant, ...] = option(
        factory=lambda: (CudaVariant(name="cuda"),),
        limits=Limits(min_items=1, max_items=20),
        doc="The build matrix.",
    )
    smoke_model: str = option(
        default="",
        limits=REPOSITORY_PATH,
        example="tests/models/tiny.gguf",
        doc="A small model of the repository. llama-bench of each CUDA package, which must be "
        "among the targets, computes with it; a package that leaves the GPU alone fails.",
    )
