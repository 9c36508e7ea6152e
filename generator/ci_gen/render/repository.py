"""Every file that is generated for one repository, under its final name."""

from __future__ import annotations

from ci_gen.config import model_config, schema
from ci_gen.config.model import Config
from ci_gen.detect.model import Facts, Platform
from ci_gen.errors import ConfigError, Problem, quoted
from ci_gen.pipeline.model import Pipeline
from ci_gen.pipeline.settings import CONFIG_FILE, Settings
from ci_gen.render import docker, github, gitlab, kubernetes, upkeep
from ci_gen.render.docs import documents
from ci_gen.render.pins import pins
from ci_gen.render.source import ActionSource
from ci_gen.render.vendor import vendored


def files(
    settings: Settings, pipeline: Pipeline, facts: Facts, source: ActionSource
) -> dict[str, str]:
    """Path -> text, sorted by path. Raises ConfigError where `files:` renames what is not there."""
    config = settings.config
    texts = {schema.SCHEMA_PATH: schema.schema_text()}
    if config.models:
        texts[model_config.SCHEMA_PATH] = model_config.schema_text()
    if Platform.GITHUB in config.platforms:
        texts.update(github.workflows(pipeline, source, pins()))
    if Platform.GITLAB in config.platforms:
        texts.update(gitlab.files(pipeline, source, pins(), config.files))
    texts.update(docker.files(settings, pins()))
    texts.update(kubernetes.files(settings.cluster, config.files))
    texts.update(documents(pipeline, config.files))
    if source.vendored:
        texts.update(vendored())
    texts.update(upkeep.files(settings, facts, sorted(texts)))
    return _renamed(texts, config)


def _renamed(texts: dict[str, str], config: Config) -> dict[str, str]:
    problems = [
        Problem(
            CONFIG_FILE,
            0,
            0,
            f"files names {quoted(path)}, which is not generated",
            "see `ci-gen generate --json` for what is",
        )
        for path in config.files
        if path not in texts
    ]
    result: dict[str, str] = {}
    for path, text in texts.items():
        name = config.files.get(path, path)
        if name in result or name == CONFIG_FILE:
            problems.append(
                Problem(CONFIG_FILE, 0, 0, f"files gives {quoted(name)} twice", "choose another")
            )
        result[name] = text
    if problems:
        raise ConfigError(problems)
    return dict(sorted(result.items()))
