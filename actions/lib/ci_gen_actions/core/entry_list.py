"""A file of YAML with one list of entries that people keep, each entry a few short texts.

Positions matter there: every mistake is told with its line, all of them at once.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from .errors import UsageError

BYTES = 1 << 20
Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the list is: its file's name to people, its only `key`, an entry's keys, and advice."""

    title: str
    key: str
    keys: tuple[str, ...]
    required: tuple[str, ...]
    advice: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry: its texts, the line it begins at, and the line of each key, all 1-based."""

    texts: dict[str, str]
    line: int
    lines: dict[str, int]


class Wrong(Exception):  # noqa: N818 - carried to the one error that names them all
    """An entry that is not in order, and its line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def load(path: Path, shown: str, form: Form, make: Callable[[Item], Made]) -> tuple[Made, ...]:
    """The entries of the file; none where there is no such file. `shown` is its name to people.

    `make` turns an item into an entry, and may raise `Wrong`. Raises UsageError with the line of
    every entry that is not in order.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _refused(form, shown, 0, f"it cannot be read: {error.strerror}") from error
    if len(data) > BYTES:
        raise _refused(form, shown, 0, "it is larger than 1 MiB")
    return parse(data, shown, form, make)


def parse(data: bytes, shown: str, form: Form, make: Callable[[Item], Made]) -> tuple[Made, ...]:
    """The entries that the text of the file holds. Raises UsageError."""
    made: list[Made] = []
    wrong: list[Wrong] = []
    try:
        nodes = list(_nodes(_composed(data), form.key))
    except Wrong as each:
        raise _refused(form, shown, each.line, f"line {each.line}: {each.reason}") from None
    for node in nodes:
        try:
            made.append(make(_item(node, form)))
        except Wrong as each:
            wrong.append(each)
    if wrong:
        reasons = "\n       ".join(f"line {each.line}: {each.reason}" for each in wrong)
        raise _refused(form, shown, wrong[0].line, reasons)
    return tuple(made)


def day(item: Item, key: str) -> datetime.date:
    """The day that `key` holds, such as 2026-12-31. Raises Wrong."""
    text = item.texts[key]
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise Wrong(item.lines[key], f"`{key}` must be a day such as 2026-12-31, and is {text[:40]!r}")


def _refused(form: Form, shown: str, line: int, why: str) -> UsageError:
    return UsageError(
        f"{form.title} cannot be used",
        where=shown,
        why=why,
        next=form.advice,
        file=shown,
        line=line,
    )


def _composed(data: bytes) -> Any:
    """The node of the document, None for an empty one."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = data.decode("utf-8-sig")
        # Nodes alone: nothing is constructed, and each knows its line.
        return YAML(typ="safe", pure=True).compose(text)
    except UnicodeDecodeError:
        raise Wrong(1, "the file is not UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Wrong(line, f"this is no YAML: {error.problem or error}") from None
    except (YAMLError, ValueError) as error:
        raise Wrong(1, f"this is no YAML: {error}") from None


def _nodes(node: Any, only: str) -> Iterator[Any]:
    """The nodes of the entries."""
    if node is None:
        return
    pairs = _pairs(node, f"the file must hold the key `{only}` with a list")
    for key, (line, value) in pairs.items():
        if key != only:
            raise Wrong(line, f"the file has no key `{key}`; its only one is `{only}`")
        if value.id == "scalar" and value.value in ("", "null", "~"):
            return
        if value.id != "sequence":
            raise Wrong(line, f"`{only}` must be a list")
        yield from value.value


def _pairs(node: Any, otherwise: str) -> dict[str, tuple[int, Any]]:
    """Key to line and value node. Raises Wrong."""
    if node.id != "mapping":
        raise Wrong(node.start_mark.line + 1, otherwise)
    found: dict[str, tuple[int, Any]] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.id != "scalar":
            raise Wrong(line, "a key must be a word")
        if key.value in found:
            raise Wrong(line, f"`{key.value}` stands here twice")
        found[key.value] = (line, value)
    return found


def _item(node: Any, form: Form) -> Item:
    pairs = _pairs(node, "an entry must be a list of `key: value`")
    texts: dict[str, str] = {}
    for key, (line, value) in pairs.items():
        if key not in form.keys:
            raise Wrong(line, f"an entry has no key `{key}`; it may have {_listed(form.keys)}")
        if value.id != "scalar":
            raise Wrong(line, f"`{key}` must be one text")
        texts[key] = value.value.strip()
        if not texts[key]:
            raise Wrong(line, f"`{key}` is empty")
    start = int(node.start_mark.line) + 1
    missing = [key for key in form.required if key not in texts]
    if missing:
        raise Wrong(start, f"the entry lacks {_listed(missing)}")
    return Item(texts=texts, line=start, lines={key: line for key, (line, _) in pairs.items()})


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)
