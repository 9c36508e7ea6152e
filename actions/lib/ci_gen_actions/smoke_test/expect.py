"""What the answer to a further request must be, and whether it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import judge
from .http import Answer
from .outcome import Bad, excerpt

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_STEP = re.compile(
    r"(?P<name>[A-Za-z_$][A-Za-z0-9_$-]*)|\[(?P<index>\d{1,6})\]|\[\"(?P<key>[^\"]*)\"\]"
)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What must hold for the value at `path`; `tests` maps a test's name to its operand."""

    path: str
    steps: tuple[str | int, ...]
    tests: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What an answer must be. An empty value demands nothing; `max_ms` is a median's bound."""

    status: tuple[int, ...] = (200,)
    content_type: str = ""
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    json: tuple[Condition, ...] = field(default=())
    max_ms: float = 0.0


def steps(path: str) -> tuple[str | int, ...]:
    """The steps of a path such as `choices[0].message["a.b"]`. Raises ValueError."""
    found: list[str | int] = []
    at = 0
    while at < len(path):
        if path[at] == "." and found and at + 1 < len(path) and path[at + 1] != "[":
            at += 1
        elif found and path[at] != "[":
            raise ValueError(f"cannot be read from character {at + 1} on")
        match = _STEP.match(path, at)
        if not match:
            raise ValueError(f"cannot be read from character {at + 1} on")
        index = match["index"]
        found.append(int(index) if index is not None else match["name"] or match["key"] or "")
        at = match.end()
    if not found:
        raise ValueError("is empty")
    return tuple(found)


def judged(answer: Answer, expected: Expected, request: str) -> None:
    """Raise Bad, or Unknown without a connection, where the answer is not as expected."""
    judge.status(answer, request, expected.status)
    if expected.content_type and answer.media_type != expected.content_type.lower():
        shown = answer.media_type or "nothing"
        raise Bad(f"{request}: its type is {shown}, not {expected.content_type}")
    text = answer.body.decode("utf-8", "replace")
    for part in expected.contains:
        if part not in text:
            raise Bad(f"{request}: it does not contain {part!r}: {excerpt(answer.body)}")
    for part in expected.lacks:
        if part in text:
            raise Bad(f"{request}: it contains {part!r}: {excerpt(answer.body)}")
    if expected.json:
        _json(answer, expected, request)


def _json(answer: Answer, expected: Expected, request: str) -> None:
    try:
        told = judge.load(answer.body)
    except ValueError as error:
        raise Bad(f"{request}: no JSON ({error}): {excerpt(answer.body)}") from None
    for each in expected.json:
        present, value = _at(told, each.steps)
        wanted = each.tests.get("exists", True)
        if present != wanted:
            raise Bad(f"{request}: {each.path} is {'there' if present else 'not there'}")
        for name, operand in each.tests.items() if present else ():
            if name != "exists" and not TESTS[name](value, operand):
                shown = repr(value)[:120]
                raise Bad(f"{request}: {each.path} is {shown}, wanted {name} {operand!r}")


def _at(value: Any, path: tuple[str | int, ...]) -> tuple[bool, Any]:
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return False, None
        elif not isinstance(value, dict) or step not in value:
            return False, None
        value = value[step]
    return True, value


def _equals(value: Any, operand: Any) -> bool:
    # True == 1 in Python, and in JSON it is not.
    if isinstance(value, bool) or isinstance(operand, bool):
        return value is operand
    return bool(value == operand)


def _is_type(value: Any, operand: str) -> bool:
    if isinstance(value, bool):
        return operand == "boolean"
    return isinstance(value, TYPES[operand])


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _equals,
    "type": _is_type,
    "contains": lambda value, operand: isinstance(value, str) and operand in value,
    "min": lambda value, operand: _number(value) and value >= operand,
    "max": lambda value, operand: _number(value) and value <= operand,
    "min_length": lambda value, operand: (
        isinstance(value, str | list | dict) and len(value) >= operand
    ),
}
"""The tests of a condition, besides `exists`."""
