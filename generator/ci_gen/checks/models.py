"""Rule: what is said of a model in two places agrees, and what it is measured with is there.

A model's config is read when a pipeline runs, and may change without a `generate`; so this warns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ci_gen.config.choices import QualityEngine
from ci_gen.config.model import Model
from ci_gen.config.model_config import ModelConfig
from ci_gen.config.reader import read
from ci_gen.errors import ConfigError, Problem, UsageError
from ci_gen.pipeline.model_settings import ModelSettings, in_tree
from ci_gen.pipeline.settings import CONFIG_FILE

if TYPE_CHECKING:
    from ci_gen.project import Project

_FILE = "file:"
_PROGRAMS = {"texts": "llama-perplexity", "tasks": "llama-perplexity", "questions": "llama-server"}


def check(project: Project) -> Iterator[Problem]:
    """A problem for every contradiction, and for every file that is not there."""
    for model in project.config.models:
        found = _config(project, model)
        if found is not None:
            yield from _agrees(model, found)
            yield from _source_file(project, model, found)
    for settings in project.settings.models:
        yield from _sets(project, settings)
        yield from _programs(settings)
    yield from _registry(project)


def _config(project: Project, model: Model) -> ModelConfig | None:
    """The model's config, None where it is not there yet or wrong, which is told elsewhere."""
    from ci_gen.project import text_of

    try:
        return read(text_of(project.root, model.config), ModelConfig, model.config)
    except (UsageError, ConfigError):
        return None


def _agrees(model: Model, found: ModelConfig) -> Iterator[Problem]:
    told = found.model
    if model.source and told.source and model.source != told.source:
        yield _problem(
            model.config,
            f'model.source is not that of model "{model.name}" in {CONFIG_FILE}, which counts',
            "leave it out of one of the two",
        )
    source = model.source or told.source
    named = _quantizations(source.rpartition("/")[2].partition("@")[0])
    if told.quantization and named and told.quantization not in named:
        yield _problem(
            model.config,
            f"model.quantization is {told.quantization}, and the file is called "
            f"{source.rpartition('/')[2]}",
            "correct one of the two",
        )


def _quantizations(name: str) -> set[str]:
    pattern = r"(?<![A-Za-z0-9])((?:UD-)?I?Q\d_[A-Z0-9_]+|BF16|F16|F32)(?![A-Za-z0-9])"
    return {each.upper() for each in re.findall(pattern, name.upper())}


def _source_file(project: Project, model: Model, found: ModelConfig) -> Iterator[Problem]:
    source = model.source or found.model.source
    if not in_tree(source):
        return
    name = source.removeprefix(_FILE)
    if not (project.root / name).is_file():
        yield _problem(
            CONFIG_FILE if model.source else model.config,
            f'the file of model "{model.name}" is not there: {name}',
            "correct its source",
        )
        return
    yield from _facts(model, found, name, project.root / name)


def _facts(model: Model, found: ModelConfig, name: str, path: Path) -> Iterator[Problem]:
    """What the file itself says, where it is at hand."""
    # Imported here: only a model of the repository needs it.
    from ci_gen_actions.gguf_file import BadModel, facts, read

    try:
        known = facts(read(path))
    except (BadModel, OSError) as error:
        yield _problem(
            model.config, f"{name} is no model: {error}", "fetch it, as by `git lfs pull`"
        )
        return
    told = found.model
    if known.context_length and told.context_size > known.context_length:
        yield _problem(
            model.config,
            f"model.context_size is {told.context_size}, and {name} was made for "
            f"{known.context_length} tokens",
            "lower it",
        )
    if told.quantization and known.quantization and told.quantization != known.quantization:
        yield _problem(
            model.config,
            f"model.quantization is {told.quantization}, and {name} holds {known.quantization}",
            "correct it",
        )


def _sets(project: Project, model: ModelSettings) -> Iterator[Problem]:
    quality = model.declared.quality
    tasks = [task.partition("=")[2] for task in quality.tasks]
    template = [quality.chat_template] if quality.chat_template else []
    for path in (*quality.texts, *quality.questions, *tasks, *template):
        if not (project.root / path).is_file():
            yield _problem(
                CONFIG_FILE,
                f'what model "{model.name}" is measured with is not there: {path}',
                "correct it under quality:",
            )


def _programs(model: ModelSettings) -> Iterator[Problem]:
    """A package that is built of named targets holds nothing else."""
    service, quality = model.service.declared, model.declared.quality
    if not service.targets or quality.engine is not QualityEngine.LLAMA_CPP:
        return
    wanted = {program for key, program in _PROGRAMS.items() if getattr(quality, key)}
    for program in sorted(wanted - set(service.targets)):
        yield _problem(
            CONFIG_FILE,
            f'model "{model.name}" is measured with {program}, and service "{service.name}" does '
            "not build it",
            "name it under targets:, and under package_paths: where that names any",
        )


def _registry(project: Project) -> Iterator[Problem]:
    """A folder on a machine that is thrown away after each job keeps nothing."""
    location = project.config.model_registry.location
    labels = project.config.runners.hosted.labels
    published = any(model.declared.release.publish for model in project.settings.models)
    github = any(platform.value == "github" for platform in project.config.platforms)
    if published and github and location.startswith("/") and "self-hosted" not in labels:
        yield _problem(
            CONFIG_FILE,
            f"model_registry.location {location} is a folder, and GitHub's own runners "
            f"({', '.join(labels)}) are gone after each job",
            "name an OCI registry, or runners of yours that see the folder",
        )


def _problem(file: str, message: str, hint: str) -> Problem:
    return Problem(file, 0, 0, message, hint)
