"""A repository as ci-gen sees it: its config, its frozen facts and the plan they make."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ci_gen._version import __version__
from ci_gen.config.choices import ActionsSource
from ci_gen.config.model import Config, Model
from ci_gen.config.model_config import ModelConfig
from ci_gen.config.reader import read
from ci_gen.detect.model import Facts
from ci_gen.errors import ConfigError, Problem, Undecided, UsageError
from ci_gen.pipeline.model import Pipeline
from ci_gen.pipeline.plan import plan
from ci_gen.pipeline.settings import CONFIG_FILE, Settings, settle
from ci_gen.render.repository import files
from ci_gen.render.source import ActionSource
from ci_gen.write.assess import Rendering
from ci_gen.write.digest import digest_file
from ci_gen.write.identity import generator_digest
from ci_gen.write.lock import Lock, loads
from ci_gen.write.root import LOCK


@dataclass(frozen=True, kw_only=True)
class Project:
    """Everything that a rendering depends on.

    `config_digests` holds the SHA-256 of each config file that was read, by its path.
    `detected_now` says that the facts are not those of the lock, there being none.
    """

    root: Path
    config: Config
    config_digests: Mapping[str, str]
    facts: Facts
    detected_now: bool
    source: ActionSource
    settings: Settings
    pipeline: Pipeline


def load(root: Path, text: str | None = None) -> Project:
    """Read the repository's config and lock. Raises ConfigError with every problem.

    `text` is the config's where the file does not hold it yet.
    """
    config = read(text_of(root, CONFIG_FILE) if text is None else text, Config, CONFIG_FILE)
    lock = _lock(root)
    facts, now = _facts(root, lock)
    return assemble(root, config, facts, lock=lock, detected_now=now)


def assemble(
    root: Path,
    config: Config,
    facts: Facts,
    *,
    lock: Lock | None = None,
    detected_now: bool = True,
    pending: Collection[str] = (),
) -> Project:
    """The project of a config that was read already; `pending` files are still to be written."""
    settings = settle(config, facts, _served(root, config, pending))
    return Project(
        root=root,
        config=config,
        config_digests={**_digest(root, CONFIG_FILE), **_models(root, config, pending)},
        facts=facts,
        detected_now=detected_now,
        source=_source(config, lock),
        settings=settings,
        pipeline=plan(settings),
    )


def render(project: Project) -> dict[str, str]:
    """The path and text of every generated file."""
    return files(project.settings, project.pipeline, project.facts, project.source)


def rendering(project: Project) -> Rendering:
    """Every generated file with all that the lock records of its making."""
    from ci_gen.detect.document import facts_to_json

    return Rendering(
        texts=render(project),
        config=project.config_digests,
        facts=facts_to_json(project.facts),
        actions={"repository": project.source.repository, "commit": project.source.commit},
    )


def _digest(root: Path, name: str) -> dict[str, str]:
    """The SHA-256 of one config file, nothing where it is still to be written."""
    found = digest_file(str(root / name))
    return {name: found} if found else {}


def text_of(root: Path, name: str) -> str:
    """The text of a config file. Raises UsageError, ConfigError where it is not UTF-8."""
    try:
        return (root / name).read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no {name} in {root}.", "Run `ci-gen init` to write one."
        ) from error
    except UnicodeDecodeError as error:
        problem = Problem(name, 0, 0, f"is not UTF-8 (byte {error.start})", "save it as UTF-8")
        raise ConfigError([problem]) from error


def _served(root: Path, config: Config, pending: Collection[str]) -> ModelConfig | None:
    """What the first model's file says, where manifests need it and it is there to be read."""
    paths = [model.config for model in config.models[:1] if model.config not in pending]
    if not config.kubernetes.enabled or not paths or not (root / paths[0]).is_file():
        return None
    return read(text_of(root, paths[0]), ModelConfig, paths[0])


def _models(root: Path, config: Config, pending: Collection[str]) -> dict[str, str]:
    """Check every model-config.yaml that the config points to; their digests."""
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for model in config.models:
        if model.config in pending:
            continue
        if not (root / model.config).is_file():
            problems.append(
                Problem(
                    CONFIG_FILE,
                    0,
                    0,
                    f'model "{model.name}" points to {model.config}, which is not there',
                    "write it, or correct `config:`",
                )
            )
            continue
        text = text_of(root, model.config)
        try:
            problems += _without_source(model, read(text, ModelConfig, model.config))
        except ConfigError as error:
            problems.extend(error.problems)
        digests.update(_digest(root, model.config))
    if problems:
        raise ConfigError(problems)
    return digests


def _without_source(model: Model, found: ModelConfig) -> list[Problem]:
    """A model that is to be measured must come from somewhere."""
    told = found.model
    source, sha256 = model.source or told.source, model.sha256 or told.sha256
    message = ""
    if model.measured and not source:
        message = f'model "{model.name}" is measured, and nothing says where it comes from'
        hint = "set model.source, for example hf://org/repository/file.gguf@<commit>"
    elif source.startswith("https://") and not sha256:
        message, hint = "an https:// source needs a sha256", "set model.sha256 to that of the file"
    return [Problem(model.config, 0, 0, message, hint)] if message else []


def _lock(root: Path) -> Lock | None:
    try:
        return loads((root / LOCK).read_bytes().decode("utf-8", "replace"))
    except FileNotFoundError:
        return None


def _facts(root: Path, lock: Lock | None) -> tuple[Facts, bool]:
    from ci_gen.detect.document import facts_from_json

    if lock is not None and lock.facts:
        try:
            return facts_from_json(lock.facts), False
        except ValueError as error:
            raise Undecided(
                f"{LOCK} is damaged: {error}.", f"Restore it: `git checkout HEAD -- {LOCK}`."
            ) from error
    from ci_gen.detect.repository import detect

    return detect(root), True


def _source(config: Config, lock: Lock | None) -> ActionSource:
    """The actions to pin: as configured, else as locked by this very generator, else ours."""
    chosen = config.actions
    vendored = chosen.source is ActionsSource.VENDOR
    repository, commit = chosen.repository, chosen.commit
    if not (repository and commit) and not vendored:
        known_repository, known_commit = _known(lock)
        repository = repository or known_repository
        commit = commit or known_commit
    return ActionSource(
        repository=repository or "",
        commit=commit or "",
        version=__version__,
        vendored=vendored,
    )


def _known(lock: Lock | None) -> tuple[str, str]:
    if lock is not None and lock.generator == generator_digest():
        repository, commit = lock.actions.get("repository"), lock.actions.get("commit")
        if repository and commit:
            return repository, commit
    from ci_gen.origin import origin

    found = origin()
    if found is None:
        raise UsageError(
            "This ci-gen does not know the commit that it was built from, so the pipeline "
            "cannot pin its actions.",
            "Install ci-gen from a release or from git, name actions.repository and "
            "actions.commit in ci-gen.yaml, or set actions.source to vendor.",
        )
    return found.repository, found.commit
