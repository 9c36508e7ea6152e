"""What `ci-gen init` does: detect, draft a config around the user's files, render, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ci_gen.checks import check
from ci_gen.config.draft import MODEL_CONFIG, Draft, config_text, likely_platforms, model_text
from ci_gen.config.edit import known, parse, set_value
from ci_gen.config.model import Config
from ci_gen.config.model_config import ModelConfig
from ci_gen.config.reader import read
from ci_gen.detect.description import Line, describe
from ci_gen.detect.model import Facts, Platform, ProjectKind
from ci_gen.detect.repository import detect
from ci_gen.errors import ConfigError, UsageError
from ci_gen.pipeline.settings import CONFIG_FILE, ServiceSettings
from ci_gen.project import Project, assemble, load, render, rendering, text_of
from ci_gen.render.docs import PAGE
from ci_gen.render.names import beside
from ci_gen.render.upkeep import DEPENDABOT, GITHUB_OWNERS, GITLAB_OWNERS
from ci_gen.write.assess import assess
from ci_gen.write.atomic import Change, Staged, commit, stage
from ci_gen.write.generate import generate
from ci_gen.write.plan import Decision, Status
from ci_gen.write.root import LOCK

Ask = Callable[[str, str, tuple[str, ...]], str]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the command line said, and how to ask for the rest (None: do not ask).

    `found` is told the facts before the first question; `say` tells why a run waits.
    """

    platform: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    ask: Ask | None = None
    found: Callable[[list[Line]], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found and done: facts as (label, value, where), files as (status, path, why)."""

    facts: tuple[tuple[str, str, str], ...]
    files: tuple[tuple[str, str, str], ...]
    next: tuple[str, ...]
    exit_status: int = 0

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "facts": [
                {"fact": label, "value": value, "seen": seen or None}
                for label, value, seen in self.facts
            ],
            "files": [
                {"path": path, "status": status, "why": why} for status, path, why in self.files
            ],
            "next": list(self.next),
        }


def initialise(path: Path, answers: Answers, *, dry_run: bool = False) -> Report:
    """Set a repository up, or bring one that is set up already up to date.

    Raises UsageError where there is nothing to build, ConfigError where a setting is wrong;
    nothing has been written then.
    """
    root = path.resolve()
    if (root / CONFIG_FILE).is_file():
        return _again(root, answers, dry_run)
    if _taken(root / CONFIG_FILE):
        raise UsageError(
            f"{CONFIG_FILE} in {root} is no file.", "Move it away, then run `ci-gen init` again."
        )
    facts = detect(root)
    if not facts.projects and not any(key.startswith("services") for key, _ in answers.settings):
        raise UsageError(
            f"Nothing to build was found in {root}: no CMake project and no Python project.",
            "Say what to build, for example:\n"
            "  ci-gen init --set 'services=[{name: server, path: ., kind: cmake}]'",
        )
    answers.found(describe(facts))
    draft = _draft(root, facts, answers)
    text, project = _around_the_users_files(root, facts, draft, answers)
    own = {CONFIG_FILE: text}
    if draft.model and not (root / MODEL_CONFIG).is_file():
        own[MODEL_CONFIG] = model_text(facts)
    if dry_run:
        files = [("create", name, "") for name in sorted({*own, *render(project)})]
        return _report(project, facts, files)
    _write(root, own)
    done = generate(str(root), lambda: rendering(load_with(root, facts)), say=answers.say)
    files = [("created", name, "yours to edit") for name in own]
    return replace(
        _report(project, facts, [*files, *_files(done.decisions)]),
        exit_status=done.exit_status,
    )


def load_with(root: Path, facts: Facts) -> Project:
    """The project as `load` reads it, with facts that are not in the lock yet."""
    return assemble(root, read(text_of(root, CONFIG_FILE), Config, CONFIG_FILE), facts)


def _again(root: Path, answers: Answers, dry_run: bool) -> Report:
    before = text_of(root, CONFIG_FILE)
    after = _set(before, _with_platform(answers))
    changed = after != before and read(after, Config, CONFIG_FILE) != _config(before)
    after = after if changed else before
    # Read and rendered before it is written: a setting that is wrong changes nothing.
    project = load(root, after)
    answers.found(describe(project.facts))
    if dry_run:
        decisions = assess(str(root), rendering(project)).decisions
        status = 0
    else:
        if changed:
            render(project)
            _write(root, {CONFIG_FILE: after})
        done = generate(str(root), lambda: rendering(load(root)), say=answers.say)
        decisions, status = done.decisions, done.exit_status
    own = [("updated" if changed else "kept", CONFIG_FILE, "yours to edit")]
    report = _report(project, project.facts, [*own, *_files(decisions)])
    return replace(report, exit_status=status)


def _config(text: str) -> Config | None:
    """The config as it stands; None where it is wrong, and a setting may put it right."""
    try:
        return read(text, Config, CONFIG_FILE)
    except ConfigError:
        return None


def _draft(root: Path, facts: Facts, answers: Answers) -> Draft:
    platforms = likely_platforms(facts)
    cuda = False
    named = _platforms(answers.platform) if answers.platform else None
    if answers.ask and named is None:
        default = platforms[0].value if len(platforms) == 1 else "both"
        chosen = answers.ask("Generate for which platform?", default, ("github", "gitlab", "both"))
        named = _platforms(chosen)
    if answers.ask and any(project.kind is ProjectKind.CMAKE for project in facts.projects):
        question = "Is there a self-hosted runner with a GPU and the CUDA toolkit?"
        cuda = answers.ask(question, "no", ("yes", "no")) == "yes"
    return Draft(platforms=named or platforms, cuda=cuda, model=_model(root))


def _model(root: Path) -> str:
    """The pipeline's name of the model; "" where something else is in the place of its file."""
    path = root / MODEL_CONFIG
    if path.is_file():
        try:
            read(text_of(root, MODEL_CONFIG), ModelConfig, MODEL_CONFIG)
        except ConfigError:
            return ""
    elif _taken(path) or (_taken(path.parent) and not path.parent.is_dir()):
        return ""
    return "default"


def _taken(path: Path) -> bool:
    """Whether anything is there, be it a link that leads nowhere."""
    return path.exists() or path.is_symlink()


def _platforms(choice: str) -> tuple[Platform, ...]:
    return tuple(Platform) if choice == "both" else (Platform(choice),)


def _with_platform(answers: Answers) -> tuple[tuple[str, str], ...]:
    if answers.platform is None:
        return answers.settings
    names = ", ".join(platform.value for platform in _platforms(answers.platform))
    return (("platforms", f"[{names}]"), *answers.settings)


def _set(text: str, settings: tuple[tuple[str, str], ...]) -> str:
    for key, value in settings:
        known(key, Config)
        text = set_value(text, key, parse(value))
    return text


def _around_the_users_files(
    root: Path, facts: Facts, draft: Draft, answers: Answers
) -> tuple[str, Project]:
    """The config's text and its project, with other names for files whose names are taken."""
    text = _set(config_text(draft, facts), answers.settings)
    project = _assemble(root, text, facts)
    paths = render(project)
    if (root / LOCK).exists():
        return text, project
    taken = {path: name for path in paths if (name := _free_name(root, path)) != path}
    if taken:
        text = _set(config_text(replace(draft, files=taken), facts), answers.settings)
        project = _assemble(root, text, facts)
    return text, project


def _free_name(root: Path, path: str) -> str:
    name = path
    tried: set[str] = set()
    while _taken(root / name):
        tried.add(name)
        name = beside(path, tried)
    return name


def _assemble(root: Path, text: str, facts: Facts) -> Project:
    pending = () if (root / MODEL_CONFIG).exists() else (MODEL_CONFIG,)
    return assemble(root, read(text, Config, CONFIG_FILE), facts, pending=pending)


def _write(root: Path, texts: Mapping[str, str]) -> None:
    """Write files of the user's, the config last: it says that the others are there."""
    names = sorted(texts, key=lambda name: name == CONFIG_FILE)
    changes = [Change(str(root / name), texts[name].encode()) for name in names]
    Staged(changes).discard()  # what a killed run left of them
    commit(stage(changes), str(root))


def _files(decisions: tuple[Decision, ...]) -> list[tuple[str, str, str]]:
    return [(one.status.value, one.path, one.why) for one in decisions]


def _report(project: Project, facts: Facts, files: list[tuple[str, str, str]]) -> Report:
    lines = tuple(
        (label, value, str(seen) if seen else "") for label, value, seen in describe(facts)
    )
    return Report(facts=lines, files=tuple(files), next=(*_own(files), *_next(project)))


def _own(files: list[tuple[str, str, str]]) -> list[str]:
    """What to do about files of the user's that have the name of a generated one."""
    return [
        f"{path} is a file of yours and was left alone: choose another name for the new one under "
        "`files:` in ci-gen.yaml, then `ci-gen generate`, which shows how."
        for status, path, _ in files
        if status == Status.FOREIGN.value
    ]


def _next(project: Project) -> list[str]:
    config = project.config
    beside_names = config.files
    steps = [
        f"{path} is a file of yours and was left alone; the new one is {name}."
        for path, name in sorted(beside_names.items())
    ]
    if ".gitlab-ci.yml" in beside_names:
        include = beside_names[".gitlab-ci.yml"]
        steps.append(f"Include it in your .gitlab-ci.yml:  include: [{{local: /{include}}}]")
    steps += [
        f"Take over into {path} what you want of {name}: the platform reads no other name."
        for path, name in sorted(beside_names.items())
        if path in (DEPENDABOT, GITHUB_OWNERS, GITLAB_OWNERS)
    ]
    steps += [f"Look at this: {problem}." for problem in check(project)]
    page = beside_names.get(PAGE, PAGE)
    steps.append(f"Read {page}: it shows the pipeline and says why each stage exists.")
    if not config.cuda.enabled and _compiles(project):
        steps.append(
            "With a GPU runner: `ci-gen config set cuda.enabled true`, then `ci-gen generate`."
        )
    if config.models and not project.settings.models and _compiles(project):
        steps.append(_model_quality(project))
    if not config.image.enabled and project.settings.services:
        steps.append(_image(project.settings.services[0]))
    steps.append("Commit everything, .ci-gen/ included, and push.")
    steps.append(f"Require the check `{project.pipeline.aggregate}` in branch protection.")
    return steps


def _image(service: ServiceSettings) -> str:
    """How to get an image of the first service."""
    if service.kind is ProjectKind.PYTHON:
        return (
            f"For an image of {service.name}: set image.command and image.enabled in ci-gen.yaml."
        )
    switch = "`ci-gen config set image.enabled true`, then `ci-gen generate`"
    return f"For an image of {service.name}: {switch}."


def _model_quality(project: Project) -> str:
    """How to get the answers of the first model measured."""
    model = project.config.models[0]
    sets = [one.path for one in project.facts.evaluations]
    found = f" ({', '.join(sets[:3])})" if sets else ""
    return (
        f"To measure the answers of {model.name}: say where it comes from in {model.config}, and "
        f"with which texts or questions{found} under quality: in {CONFIG_FILE}."
    )


def _compiles(project: Project) -> bool:
    return any(service.kind is ProjectKind.CMAKE for service in project.settings.services)
