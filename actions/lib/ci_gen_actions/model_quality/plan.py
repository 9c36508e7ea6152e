"""What will be measured and with what it is compared, decided without effects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from .options import Options
from .question import QuestionSet


@dataclass(frozen=True, kw_only=True)
class Side:
    """One arm: a package with a model. `template` is a chat template's file, None for its own."""

    package: Path
    model: Path
    template: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text whose perplexity is measured."""

    name: str
    path: Path
    digest: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """A file of one of `llama-perplexity`'s own tasks; `kind` is one of options.TASKS."""

    kind: str
    name: str
    path: Path
    digest: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is measured.

    `baseline` is an arm to measure in this job, `stored` a measurement to compare with; at most
    one of them is set, and neither where nothing is there to compare with.
    """

    current: Side
    baseline: Side | None = None
    stored: Path | None = None
    texts: tuple[Text, ...] = ()
    questions: tuple[QuestionSet, ...] = ()
    tasks: tuple[Task, ...] = ()


def check(options: Options) -> None:
    """Refuse inputs that exclude each other or measure nothing. Raises UsageError."""
    if options.baseline and (options.baseline_package or options.baseline_model):
        raise UsageError(
            "there are two baselines",
            where="inputs baseline, baseline-package and baseline-model",
            why="the first is a stored measurement, the others are measured in this job",
            next="give the stored one or the others",
        )
    if options.baseline_chat_template and not measures_baseline(options):
        raise UsageError(
            "a chat template is given for a baseline that is not measured here",
            where="input baseline-chat-template",
            next="give baseline-package or baseline-model with it, or leave it out",
        )
    if not (options.texts or options.questions or options.tasks):
        raise UsageError(
            "there is nothing to measure",
            where="inputs texts, questions and tasks",
            why="all three are empty",
            next="name at least one text for perplexity, or one file of questions",
        )
    if options.tasks and options.engine != "llama.cpp":
        raise UsageError(
            f"the engine {options.engine} does not know the tasks of llama-perplexity",
            where="inputs engine and tasks",
            next="use the engine llama.cpp, or write the tasks as questions with choices",
        )
    if options.batch < options.ubatch:
        raise UsageError(
            f"the physical batch ({options.ubatch}) is larger than the logical one "
            f"({options.batch})",
            where="inputs batch and ubatch",
            next="make ubatch at most batch",
        )


def measures_baseline(options: Options) -> bool:
    """Whether a second arm is measured in this job."""
    return bool(options.baseline_package or options.baseline_model)


def name_of(path: Path) -> str:
    """The name of an evaluation set, made of its file's name without the last suffix."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).lstrip("._-")[:100]
    return name or "set"


def distinct(paths: Sequence[Path], given_by: str) -> dict[str, Path]:
    """Name to file. Raises UsageError for two files of one name: results go by names."""
    found: dict[str, Path] = {}
    for path in paths:
        name = name_of(path)
        if name in found and found[name] != path:
            raise UsageError(
                f"two evaluation sets would be called {name}",
                where=f"input {given_by}",
                why=f"{found[name]} and {path}",
                next="give one of the files another name",
            )
        found[name] = path
    return found
