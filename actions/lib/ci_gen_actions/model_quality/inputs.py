"""The files that the inputs name, found, digested and read."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import CannotDecide, UsageError
from ..core.files import sha256
from . import question_file
from .options import Options
from .plan import Plan, Side, Task, Text, distinct, measures_baseline, name_of


def planned(options: Options, workspace: Path) -> Plan:
    """What the inputs ask for.

    Raises CannotDecide where a file is missing that another step makes, UsageError where an
    evaluation set is missing or not in order.
    """
    current = _side(
        _one(workspace, options.package, "package"),
        _one(workspace, options.model, "model"),
        _template(workspace, options.chat_template, "chat-template"),
    )
    texts = distinct(_several(workspace, options.texts, "texts"), "texts")
    questions = distinct(_several(workspace, options.questions, "questions"), "questions")
    return Plan(
        current=current,
        baseline=_baseline(options, workspace, current),
        stored=_stored(options, workspace),
        texts=tuple(Text(name=n, path=p, digest=_digest(p)) for n, p in texts.items()),
        questions=tuple(
            question_file.load(path, name, workspace) for name, path in questions.items()
        ),
        tasks=_tasks(options, workspace, questions),
    )


def _side(package: Path, model: Path, template: Path | None) -> Side:
    return Side(package=package, model=model, template=template)


def _baseline(options: Options, workspace: Path, current: Side) -> Side | None:
    if not measures_baseline(options):
        return None
    package, model = current.package, current.model
    if options.baseline_package:
        package = _one(workspace, options.baseline_package, "baseline-package")
    if options.baseline_model:
        model = _one(workspace, options.baseline_model, "baseline-model")
    template = _template(workspace, options.baseline_chat_template, "baseline-chat-template")
    return _side(package, model, template)


def _stored(options: Options, workspace: Path) -> Path | None:
    path = workspace / options.baseline
    return path if options.baseline and path.is_file() else None


def _tasks(options: Options, workspace: Path, questions: dict[str, Path]) -> tuple[Task, ...]:
    found: dict[str, Task] = {}
    for given in options.tasks:
        kind, _, name = given.partition("=")
        path = _evaluation_file(workspace, name, "tasks")
        task = Task(kind=kind, name=name_of(path), path=path, digest=_digest(path))
        if task.name in found or task.name in questions:
            raise UsageError(
                f"two evaluation sets would be called {task.name}",
                where="input tasks",
                why=f"{given} has the name of another one",
                next="give one of the files another name",
            )
        found[task.name] = task
    return tuple(found.values())


def _digest(path: Path) -> str:
    return f"sha256:{sha256(path)}"


def _template(workspace: Path, name: str, given_by: str) -> Path | None:
    return _evaluation_file(workspace, name, given_by) if name else None


def _one(workspace: Path, pattern: str, given_by: str) -> Path:
    """The one file that a path or glob names, made by an earlier step."""
    found = _matching(workspace, pattern)
    if not found:
        raise CannotDecide(
            f"there is no file {pattern}",
            where=f"input {given_by}",
            why=f"nothing in {workspace} has that name",
            next="see that the step that makes it ran, and that its artifact was fetched",
        )
    if len(found) > 1:
        raise UsageError(
            f"{pattern} names {len(found)} files",
            where=f"input {given_by}",
            why=", ".join(path.name for path in found[:10]),
            next="name one of them",
        )
    return found[0]


def _several(workspace: Path, patterns: Sequence[str], given_by: str) -> list[Path]:
    found: list[Path] = []
    for pattern in patterns:
        matched = _matching(workspace, pattern) or [_missing(pattern, given_by)]
        found += [path for path in matched if path not in found]
    return found


def _evaluation_file(workspace: Path, name: str, given_by: str) -> Path:
    path = Path(os.path.normpath(workspace / name))
    return path if path.is_file() else _missing(name, given_by)


def _missing(name: str, given_by: str) -> Path:
    raise UsageError(
        f"there is no file {name}",
        where=f"input {given_by}",
        next="name a file of the checkout, or one that an earlier step made",
    )


def _matching(workspace: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute():
        return [Path(pattern)] if Path(pattern).is_file() else []
    exact = Path(os.path.normpath(workspace / pattern))
    if exact.is_file():
        return [exact]
    try:
        return sorted(path for path in workspace.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError):
        return []
