"""The models with all that is known of them: whose package tests each, and which files concern it.

A file of the repository that concerns a model alone (its config, its questions) affects nothing
else: a change of it runs no other job. A file that a test suite or an image may read as well is not
such a file, whatever the config says of it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_gen.config.choices import Baseline
from ci_gen.config.model import Config, Model
from ci_gen.config.sections.models import CPU
from ci_gen.detect.model import ProjectKind
from ci_gen.errors import quoted

if TYPE_CHECKING:
    from ci_gen.pipeline.settings import ServiceSettings

REGISTRY = "registry://"
_FILE = "file:"
Found = Iterator[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """A model whose quality is measured; `declared` holds its other keys.

    `files` are the files of the repository that it depends on, `apart` those of them that concern
    nothing else.
    """

    declared: Model
    service: ServiceSettings
    files: tuple[str, ...]
    apart: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name in the pipeline."""
        return self.declared.name

    @property
    def area(self) -> str:
        """The name by which the path filter knows it."""
        return f"model-{self.name}"

    @property
    def variant(self) -> str:
        """The package that is measured: cpu, or a CUDA variant."""
        return self.declared.quality.variant

    @property
    def in_tree(self) -> bool:
        """Whether its file is known to be one of the repository."""
        return in_tree(self.declared.source)

    @property
    def cuda(self) -> bool:
        """Whether a GPU measures it."""
        return self.variant != CPU


def models_of(config: Config, services: Sequence[ServiceSettings]) -> tuple[ModelSettings, ...]:
    """The models that are measured. The config has been checked."""
    found = []
    for model in config.models:
        service = _service(model, config, services)
        if model.measured and service is not None:
            files = tuple(dict.fromkeys(_files(model)))
            shared = [*_suites(services), *_shipped(config)]
            apart = tuple(path for path in files if not _inside(path, shared))
            found.append(ModelSettings(declared=model, service=service, files=files, apart=apart))
    return tuple(found)


def _service(
    model: Model, config: Config, services: Sequence[ServiceSettings]
) -> ServiceSettings | None:
    compiled = [each for each in services if each.kind is ProjectKind.CMAKE]
    wanted = model.service or config.image.service
    named = [each for each in compiled if each.name == wanted]
    if named or model.service:
        return named[0] if named else None
    return compiled[0] if compiled else None


def _files(model: Model) -> Iterator[str]:
    quality = model.quality
    tasks = [task.partition("=")[2] for task in quality.tasks]
    sources = [source for source in (model.source, quality.baseline_model) if in_tree(source)]
    for path in (
        model.config,
        *quality.texts,
        *quality.questions,
        *tasks,
        *([quality.chat_template] if quality.chat_template else []),
        *(source.removeprefix(_FILE) for source in sources),
    ):
        yield posixpath.normpath(path)


def in_tree(source: str) -> bool:
    """Whether a model is a file of the repository."""
    return source.startswith(_FILE) and not source.startswith(f"{_FILE}/")


def _suites(services: Iterable[ServiceSettings]) -> Iterator[str]:
    for service in services:
        yield from (*service.unit, *service.integration)


def _shipped(config: Config) -> Iterator[str]:
    image = config.image
    models = (image.embed_model, image.test_model, config.cuda.smoke_model)
    yield from (path for path in models if path)


def _inside(path: str, folders: Iterable[str]) -> bool:
    normal = [posixpath.normpath(folder) for folder in folders]
    return any(folder in (".", path) or path.startswith(f"{folder}/") for folder in normal)


def problems(config: Config, services: Sequence[ServiceSettings]) -> Found:
    """What the config leaves undecided or asks in vain: what is wrong, and what to do."""
    registry = config.model_registry
    if bool(registry.username) != bool(registry.password):
        one, other = ("username", "password") if registry.username else ("password", "username")
        yield (
            f"model_registry.{one} is set, but model_registry.{other} is not",
            "set both, or neither",
        )
    for model in config.models:
        where = f"model {quoted(model.name)}"
        yield from _sources(where, model, config)
        if model.measured:
            yield from _package(where, model, config, services)
        yield from _release(where, model, config)


def _sources(where: str, model: Model, config: Config) -> Found:
    quality = model.quality
    if model.source.startswith("https://") and not model.sha256:
        yield f"{where}: an https:// source needs a sha256", "set sha256 to that of the file"
    compared = quality.baseline is Baseline.MODEL
    if compared and not quality.baseline_model:
        yield (
            f"{where}: quality.baseline is model, but quality.baseline_model names none",
            "name the model to compare with, or set quality.baseline to stored",
        )
    if quality.baseline_model and not compared:
        yield (
            f"{where}: quality.baseline_model is set, but quality.baseline is "
            f"{quality.baseline.value}",
            "set quality.baseline to model, or leave quality.baseline_model out",
        )
    if quality.baseline_model.startswith("https://") and not quality.baseline_sha256:
        yield (
            f"{where}: an https:// model to compare with needs a quality.baseline_sha256",
            "set it to that of the file",
        )
    named = [source for source in (model.source, quality.baseline_model) if REGISTRY in source[:11]]
    if named and not config.model_registry.location:
        yield (
            f"{where}: {named[0]} is in the model registry, but model_registry.location is not set",
            "say where the registry is",
        )


def _package(
    where: str, model: Model, config: Config, services: Sequence[ServiceSettings]
) -> Found:
    compiled = [each.name for each in services if each.kind is ProjectKind.CMAKE]
    service = _service(model, config, services)
    if service is None:
        hint = f"name one of: {', '.join(compiled)}" if compiled else "name one under services:"
        yield (
            f"{where}: its quality is measured with a package of a CMake service, and "
            + (f"{quoted(model.service)} is none" if model.service else "there is none"),
            hint,
        )
        return
    cuda = config.cuda
    variants = [each.name for each in cuda.variants] if cuda.enabled else []
    known = [CPU, *(variants if service.declared.cuda else [])]
    if model.quality.variant not in known:
        yield (
            f"{where}: quality.variant {quoted(model.quality.variant)} is no package of service "
            f"{quoted(service.name)}",
            f"name one of: {', '.join(known)}",
        )


def _release(where: str, model: Model, config: Config) -> Found:
    release = model.release
    if not release.publish:
        return
    if not model.measured:
        yield (
            f"{where}: release.publish is set, but nothing measures its quality",
            "name texts or questions under quality:",
        )
    if not config.model_registry.location:
        yield (
            f"{where}: release.publish is set, but model_registry.location is not",
            "say where the registry is",
        )
    environments = {each.name for each in config.environments}
    if release.promote_by_hand and release.environment not in environments:
        yield (
            f"{where}: release.promote_by_hand is set, but release.environment names none of "
            "environments",
            "add an environment with required reviewers, and name it there",
        )
    twice = sorted({*release.promote_on_pass} & {*release.promote_by_hand})
    if twice:
        yield (
            f"{where}: the pointer {quoted(twice[0])} is promoted on PASS and by hand",
            "leave it out of one of the two",
        )
