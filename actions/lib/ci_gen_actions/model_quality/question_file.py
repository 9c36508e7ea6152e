"""Files of questions: JSON or JSON Lines, read with the place of everything that is wrong.

Accepted are a list of questions, an object that holds such a list (`questions`, `qa_pairs`,
`pairs`, `items`, `data` or `examples`, with `defaults` for all of them), an object from question
to answer, and JSON Lines with one question a line. `question_item.py` says what a question is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..core.errors import UsageError
from ..core.files import sha256
from . import positions
from .positions import BadJson, Node, Places
from .question import Question, QuestionSet
from .question_item import Item, Trouble, question_of

MAX_BYTES = 64 << 20
MAX_PROBLEMS = 20
LISTS = ("questions", "qa_pairs", "pairs", "items", "data", "examples")


def load(path: Path, name: str, workspace: Path) -> QuestionSet:
    """The questions of a file. Raises UsageError with file:line:column of everything wrong."""
    shown = path.relative_to(workspace).as_posix() if workspace in path.parents else str(path)
    text = _text(path, shown)
    try:
        questions, troubles = parse(text, lines_alone=path.suffix in (".jsonl", ".ndjson"))
    except BadJson as bad:
        questions, troubles = (), (Trouble(bad.offset, str(bad)),)
    questions, hooks, more = _with_hooks(questions, path.parent, workspace)
    troubles = (*troubles, *more)
    if troubles:
        raise _refused(text, shown, troubles)
    return QuestionSet(name=name, path=shown, questions=questions, hooks=hooks)


def parse(
    text: str, *, lines_alone: bool = False
) -> tuple[tuple[Question, ...], tuple[Trouble, ...]]:
    """The questions in a text and everything wrong with them. Raises BadJson."""
    questions: list[Question] = []
    troubles: list[Trouble] = []
    seen: dict[str, int] = {}
    items = list(_items(text, lines_alone))
    places = Places(text)
    for number, item in enumerate(items, 1):
        line, column = places.of(item.node.offset)
        try:
            question = question_of(item, number)
        except Trouble as trouble:
            troubles.append(trouble)
            continue
        if question.id in seen:
            reason = f"the id {question.id!r} is that of the question in line {seen[question.id]}"
            troubles.append(Trouble(item.node.offset, reason))
        seen.setdefault(question.id, line)
        questions.append(dataclasses.replace(question, line=line, column=column))
    if not items:
        troubles.append(Trouble(0, "there is no question"))
    return tuple(questions), tuple(troubles)


def _text(path: Path, shown: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError("the question file cannot be read", where=shown, why=str(error)) from error
    if len(data) > MAX_BYTES:
        raise UsageError(
            "the question file is too large",
            where=shown,
            why=f"it has more than {MAX_BYTES >> 20} MiB",
            next="split it, or take a sample",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(
            "the question file is not UTF-8",
            where=f"{shown}:{line}",
            why=f"byte {error.start} is {data[error.start]:#04x}",
            next="save it as UTF-8",
            file=shown,
            line=line,
        ) from None


def _items(text: str, lines_alone: bool) -> Iterator[Item]:
    if not lines_alone:
        try:
            yield from _of_document(positions.read(text))
            return
        except BadJson as bad:
            # a second value on a later line: JSON Lines under another name
            first = text[: bad.offset].rstrip()
            if "more behind" not in str(bad) or "\n" not in text[len(first) : bad.offset]:
                raise
    defaults: Mapping[str, Node] = {}
    for number, node in enumerate(positions.lines(text)):
        if number == 0 and isinstance(node.value, dict) and set(node.value) == {"defaults"}:
            defaults = _defaults(node.value["defaults"])
        else:
            yield Item(node=node, defaults=defaults)


def _of_document(node: Node) -> Iterator[Item]:
    if isinstance(node.value, list):
        yield from (Item(node=each, defaults={}) for each in node.value)
        return
    if not isinstance(node.value, dict):
        raise BadJson("this is neither a list of questions nor an object that holds one", 0)
    for key in LISTS:
        held = node.value.get(key)
        if held is not None and isinstance(held.value, list):
            given = node.value.get("defaults")
            defaults = _defaults(given) if given else {}
            yield from (Item(node=each, defaults=defaults) for each in held.value)
            return
    if not node.value or any(isinstance(each.value, dict) for each in node.value.values()):
        raise BadJson(f"this object has no list of questions: none of {', '.join(LISTS)}", 0)
    for question, answer in node.value.items():
        offset = node.keys[question]
        pair = {
            "question": Node(value=question, offset=offset, keys={}),
            "answer": answer,
        }
        keys = {"question": offset, "answer": answer.offset}
        yield Item(node=Node(value=pair, offset=offset, keys=keys), defaults={})


def _defaults(node: Node) -> Mapping[str, Node]:
    if not isinstance(node.value, dict):
        raise BadJson("`defaults` must be an object", node.offset)
    found: Mapping[str, Node] = node.value
    return found


def _with_hooks(
    questions: tuple[Question, ...], folder: Path, workspace: Path
) -> tuple[tuple[Question, ...], dict[str, str], tuple[Trouble, ...]]:
    """Custom graders' files, relative to the workspace, with their digests."""
    hooks: dict[str, str] = {}
    troubles: list[Trouble] = []
    placed: list[Question] = []
    for question in questions:
        if question.grader.kind != "custom":
            placed.append(question)
            continue
        name = str(question.grader.settings["file"])
        path = (folder / name).resolve()
        if not path.is_file() or workspace.resolve() not in path.parents:
            reason = f"question {question.id}: there is no grader {name} in the checkout"
            troubles.append(Trouble(-1, reason, question.line, question.column))
            continue
        inside = path.relative_to(workspace.resolve()).as_posix()
        if inside not in hooks:
            hooks[inside] = f"sha256:{sha256(path)}"
        settings = {**question.grader.settings, "file": inside}
        grader = dataclasses.replace(question.grader, settings=settings)
        placed.append(dataclasses.replace(question, grader=grader))
    return tuple(placed), hooks, tuple(troubles)


def _refused(text: str, shown: str, troubles: tuple[Trouble, ...]) -> UsageError:
    places = Places(text)
    placed = [
        (each.place or places.of(each.offset), each.reason) for each in troubles[:MAX_PROBLEMS]
    ]
    told = [f"{shown}:{line}:{column}: {reason}" for (line, column), reason in placed]
    if len(troubles) > MAX_PROBLEMS:
        told.append(f"and {len(troubles) - MAX_PROBLEMS} more")
    return UsageError(
        "the question file cannot be used",
        where=shown,
        why="\n       ".join(told),
        next="correct these places; docs/quality.md says what a question is",
        file=shown,
        line=placed[0][0][0],
    )
