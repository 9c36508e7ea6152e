"""The keys of ci-gen.yaml, schema version 1.

A key that is absent has the default declared here; a nullable key that is absent takes
what was detected in the repository. See `ci_gen.config.option` for what derives from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ci_gen.config.limits import BRANCH, FILE, OWNER, REPOSITORY_PATH, SLUG
from ci_gen.config.option import PATH, Limits, option
from ci_gen.config.sections.cuda import Cuda, CudaVariant
from ci_gen.config.sections.image import Image
from ci_gen.config.sections.kubernetes import Kubernetes
from ci_gen.config.sections.models import Model, ModelRegistry, ModelRelease, Quality
from ci_gen.config.sections.release import Release, Security
from ci_gen.config.sections.runners import Environment, Forks, GpuRunner, HostedRunner, Runners
from ci_gen.config.sections.service import Ctest, Pytest, Service
from ci_gen.config.sections.times import Retention, Timeouts
from ci_gen.config.sections.triggers import Paths, QuickChecks, Triggers
from ci_gen.config.sections.upkeep import Actions, Dependabot
from ci_gen.detect.model import Platform

__all__ = [
    "SCHEMA_VERSION",
    "Actions",
    "Config",
    "Ctest",
    "Cuda",
    "CudaVariant",
    "Dependabot",
    "Environment",
    "Forks",
    "GpuRunner",
    "HostedRunner",
    "Image",
    "Kubernetes",
    "Model",
    "ModelRegistry",
    "ModelRelease",
    "Paths",
    "Pytest",
    "Quality",
    "QuickChecks",
    "Release",
    "Retention",
    "Runners",
    "Security",
    "Service",
    "Timeouts",
    "Triggers",
]

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole file."""

    version: int = option(
        limits=Limits(minimum=SCHEMA_VERSION, maximum=SCHEMA_VERSION),
        doc="The version of this schema.",
    )
    name: str | None = option(
        default=None,
        limits=SLUG,
        doc="The pipeline's name. Detected from the remote or the folder.",
    )
    platforms: tuple[Platform, ...] = option(
        default=(Platform.GITHUB, Platform.GITLAB),
        limits=Limits(min_items=1),
        doc="The platforms to generate for.",
    )
    default_branch: str | None = option(default=None, limits=BRANCH, doc="Detected.")
    triggers: Triggers = option(factory=Triggers, doc="What starts the pipeline.")
    paths: Paths = option(factory=Paths, doc="Which files matter to the build.")
    quick_checks: QuickChecks = option(factory=QuickChecks, doc="Checks before the build.")
    services: tuple[Service, ...] | None = option(
        default=None,
        limits=Limits(min_items=1, max_items=12),
        doc="What is built, tested and packaged. Detected.",
    )
    cuda: Cuda = option(factory=Cuda, doc="CUDA builds.")
    image: Image = option(factory=Image, doc="The container image of a service.")
    security: Security = option(factory=Security, doc="Scans of sources and images.")
    release: Release = option(factory=Release, doc="The release record.")
    kubernetes: Kubernetes = option(factory=Kubernetes, doc="The service in a cluster.")
    models: tuple[Model, ...] = option(
        default=(), limits=Limits(max_items=8), doc="The models that are served."
    )
    model_registry: ModelRegistry = option(
        factory=ModelRegistry, doc="Where versions of models are kept."
    )
    runners: Runners = option(factory=Runners, doc="Where jobs run.")
    forks: Forks = option(factory=Forks, doc="What a fork's pull request may reach.")
    environments: tuple[Environment, ...] = option(
        default=(), doc="Environments, with approvals and secrets of their own."
    )
    compiler_cache: bool = option(default=True, doc="Keep ccache's folder between runs.")
    retention: Retention = option(factory=Retention, doc="How long artifacts are kept.")
    timeouts: Timeouts = option(factory=Timeouts, doc="Time limits of jobs.")
    actions: Actions = option(factory=Actions, doc="Where ci-gen's own actions come from.")
    codeowners: tuple[str, ...] = option(
        default=(),
        limits=OWNER,
        example=["@acme/platform"],
        doc="Owners of the generated files; CODEOWNERS is generated where there is one.",
    )
    dependabot: Dependabot = option(factory=Dependabot, doc="Dependabot.")
    files: Mapping[str, str] = option(
        factory=dict,
        limits=Limits(pattern=FILE, hint=REPOSITORY_PATH.hint, key_pattern=PATH),
        example={".github/workflows/ci.yml": ".github/workflows/ci-gen-ci.yml"},
        doc="Other names for generated files, where the usual one is taken.",
    )
