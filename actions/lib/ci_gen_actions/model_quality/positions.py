"""JSON with the place of every value, so that a problem can say where it is."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_DEPTH = 200


class BadJson(ValueError):  # noqa: N818 - carried to the one error that shows it
    """The text is no JSON; `offset` is the place, in characters."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


@dataclass(frozen=True, kw_only=True)
class Node:
    """A value with the offset of its first character. `keys` are the offsets of an object's keys.

    `value` is a dict of nodes for an object, a list of nodes for a list, else the plain value.
    """

    value: Any
    offset: int
    keys: dict[str, int]

    @property
    def plain(self) -> Any:
        """The value as json.loads gives it."""
        if isinstance(self.value, dict):
            return {key: each.plain for key, each in self.value.items()}
        return [each.plain for each in self.value] if isinstance(self.value, list) else self.value


def read(text: str) -> Node:
    """The one value that `text` holds. Raises BadJson."""
    node, end = _value(text, _skip(text, 0), 0)
    end = _skip(text, end)
    if end != len(text):
        raise BadJson("there is more behind the value", end)
    return node


def lines(text: str) -> Iterator[Node]:
    """A value from each line that is not empty. Raises BadJson."""
    start = 0
    for line in text.split("\n"):
        if line.strip():
            node, end = _value(text, _skip(text, start), 0)
            if text[end : start + len(line)].strip():
                raise BadJson("there is more behind the value of this line", end)
            if end > start + len(line):
                raise BadJson("the value does not end on its line", start)
            yield node
        start += len(line) + 1


class Places:
    """Lines and columns of offsets in a text, found quickly for many of them."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def of(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, 1-based; the column counts characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def _skip(text: str, offset: int) -> int:
    found = _BLANK.match(text, offset)
    return found.end() if found else offset


def _value(text: str, offset: int, depth: int) -> tuple[Node, int]:
    start = text[offset : offset + 1]
    if depth > _DEPTH:
        raise BadJson(f"values are nested more than {_DEPTH} deep", offset)
    if start == "{":
        return _object(text, offset, depth)
    if start == "[":
        return _list(text, offset, depth)
    try:
        value, end = _DECODER.raw_decode(text, offset)
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else offset
        raise BadJson(_reason(error), at) from None
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise BadJson("this is no number of JSON", offset)
    return Node(value=value, offset=offset, keys={}), end


def _reason(error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    return "a value is missing" if error.msg == "Expecting value" else error.msg.lower()


def _object(text: str, offset: int, depth: int) -> tuple[Node, int]:
    found: dict[str, Node] = {}
    keys: dict[str, int] = {}
    at = _skip(text, offset + 1)
    while text[at : at + 1] != "}":
        if found:
            at = _skip(text, _expect(text, at, ",", "a comma or } is missing"))
        if text[at : at + 1] != '"':
            raise BadJson("a key in double quotes is missing", at)
        key_node, end = _value(text, at, depth + 1)
        key = key_node.value
        if key in found:
            raise BadJson(f"the key {key[:80]!r} stands here twice", at)
        keys[key] = at
        at = _skip(text, _expect(text, _skip(text, end), ":", "a colon is missing"))
        found[key], at = _value(text, at, depth + 1)
        at = _skip(text, at)
    return Node(value=found, offset=offset, keys=keys), at + 1


def _list(text: str, offset: int, depth: int) -> tuple[Node, int]:
    found: list[Node] = []
    at = _skip(text, offset + 1)
    while text[at : at + 1] != "]":
        if found:
            at = _skip(text, _expect(text, at, ",", "a comma or ] is missing"))
        node, at = _value(text, at, depth + 1)
        found.append(node)
        at = _skip(text, at)
    return Node(value=found, offset=offset, keys={}), at + 1


def _expect(text: str, offset: int, what: str, otherwise: str) -> int:
    if text[offset : offset + 1] != what:
        raise BadJson(otherwise, offset)
    return offset + 1
