"""Config and facts joined: every key with its value, nothing left to detect.

The config wins; where it is silent the facts speak; where both are silent there is either
a safe answer or a problem with a hint.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ci_gen.config.choices import ForkPolicy
from ci_gen.config.model import Config, Service
from ci_gen.config.model_config import ModelConfig
from ci_gen.detect.model import (
    Facts,
    LlamaOrigin,
    PackageManager,
    Project,
    ProjectKind,
    PytestSuite,
    SuiteKind,
)
from ci_gen.errors import ConfigError, Problem, quoted
from ci_gen.pipeline import cluster, image_settings, model_settings, names
from ci_gen.pipeline.cluster import Cluster, cluster_of
from ci_gen.pipeline.image_settings import ImageSettings, image_of
from ci_gen.pipeline.model_settings import ModelSettings, models_of

CONFIG_FILE = "ci-gen.yaml"


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """A service with all that was detected filled in; `declared` holds its other keys."""

    declared: Service
    kind: ProjectKind
    ctest: bool
    unit: tuple[str, ...]
    integration: tuple[str, ...]
    manager: PackageManager
    requirements: tuple[str, ...]
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    cuda_option: str
    llama: str
    python_path: str

    @property
    def name(self) -> str:
        """The service's name."""
        return self.declared.name

    @property
    def path(self) -> str:
        """The folder of its build file."""
        return self.declared.path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that planning needs."""

    config: Config
    name: str
    default_branch: str
    services: tuple[ServiceSettings, ...]
    submodules: bool
    image: ImageSettings | None = None
    models: tuple[ModelSettings, ...] = ()
    cluster: Cluster | None = None


def settle(config: Config, facts: Facts, served: ModelConfig | None = None) -> Settings:
    """Join config and facts; `served` is what is said of the model that is served.

    Raises ConfigError where they leave something undecided, or name what cannot be named so.
    """
    _refuse(_undecided(config, facts))
    settings = _joined(config, facts)
    _refuse(names.problems(settings))
    _refuse(image_settings.problems(settings.config, settings.services))
    _refuse(model_settings.problems(settings.config, settings.services))
    image = image_of(settings.config, settings.services)
    _refuse(cluster.problems(settings.config, image))
    return replace(
        settings,
        image=image,
        models=models_of(settings.config, settings.services),
        cluster=cluster_of(settings.config, image, served),
    )


def _refuse(problems: Iterator[tuple[str, str]]) -> None:
    found = [Problem(CONFIG_FILE, 0, 0, message, hint) for message, hint in problems]
    if found:
        raise ConfigError(found)


def _joined(config: Config, facts: Facts) -> Settings:
    services = config.services
    if services is None:
        services = tuple(_service_of(project) for project in facts.projects)
    files = {path: posixpath.normpath(name) for path, name in config.files.items()}
    return Settings(
        config=replace(config, files=files),
        name=config.name or facts.name,
        default_branch=config.default_branch or facts.default_branch or "main",
        services=tuple(_settle(service, _project(service, facts)) for service in services),
        submodules=bool(facts.submodules),
    )


def _service_of(project: Project) -> Service:
    return Service(name=project.name, path=project.path, kind=project.kind)


def _project(service: Service, facts: Facts) -> Project | None:
    """The detected project that a declared service speaks of: the one in its folder."""
    folder = posixpath.normpath(service.path)
    candidates = [project for project in facts.projects if project.path == folder]
    if service.kind is not None:
        candidates = [project for project in candidates if project.kind is service.kind]
    return candidates[0] if candidates else None


def _settle(service: Service, project: Project | None) -> ServiceSettings:
    python = project.python if project else None
    suites = project.pytest if project else ()
    declared = service.pytest
    kind = service.kind or (project.kind if project else ProjectKind.CMAKE)
    option = service.cuda_option or (
        project.llama.cuda_option if project and project.llama else None
    )
    ctest = service.ctest.enabled
    if ctest is None:
        ctest = project is not None and project.ctest is not None
    return ServiceSettings(
        declared=service,
        kind=kind,
        ctest=ctest,
        unit=_chosen(declared.unit, _paths(suites, SuiteKind.UNIT)),
        integration=_chosen(declared.integration, _paths(suites, SuiteKind.INTEGRATION)),
        cuda_option=option.value if option else "auto",
        llama=_llama(project),
        python_path=python.path if python else service.path,
        manager=declared.manager or (python.manager if python else PackageManager.PIP),
        requirements=_chosen(declared.requirements, python.requirements if python else ()),
        extras=_chosen(declared.extras, python.extras if python else ()),
        groups=_chosen(declared.groups, python.groups if python else ()),
    )


def _llama(project: Project | None) -> str:
    if project is None or project.llama is None:
        return ""
    origin, path = project.llama.origin, project.llama.path
    return f"{path} ({origin.value})" if path and origin is not LlamaOrigin.SELF else origin.value


def _paths(suites: tuple[PytestSuite, ...], kind: SuiteKind) -> tuple[str, ...]:
    return tuple(suite.path for suite in suites if suite.kind is kind)


def _chosen(declared: tuple[str, ...] | None, detected: tuple[str, ...]) -> tuple[str, ...]:
    return detected if declared is None else declared


def _undecided(config: Config, facts: Facts) -> Iterator[tuple[str, str]]:
    if config.services is None and not facts.projects:
        yield (
            "no CMake or Python project was found to build",
            "name one under services:, with its name, path and kind",
        )
    for service in config.services or ():
        if service.kind is None and _project(service, facts) is None:
            yield (
                f"nothing to build was found in the folder {quoted(service.path)} of service "
                f"{quoted(service.name)}",
                "correct its path, or say its kind: cmake or python",
            )
    environments = {environment.name for environment in config.environments}
    if config.forks.gpu is ForkPolicy.APPROVE and config.forks.environment not in environments:
        yield (
            "forks.gpu is approve, but forks.environment names none of environments",
            "add an environment with required reviewers, and name it there",
        )
