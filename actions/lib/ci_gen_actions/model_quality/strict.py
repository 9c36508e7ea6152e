"""Plain JSON values to frozen dataclasses and back: nothing is guessed, nothing is left over."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any


class Wrong(ValueError):  # noqa: N818 - carried to the one error that shows it
    """A value that does not fit, with the path to it, such as `answers[0].answers[3].id`."""


def plain_values(value: Any) -> Any:
    """A dataclass as values that JSON knows. Fields that have their default are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: plain_values(getattr(value, each.name))
            for each in dataclasses.fields(value)
            if each.default is dataclasses.MISSING or getattr(value, each.name) != each.default
        }
    if isinstance(value, tuple):
        return [plain_values(each) for each in value]
    return value


def built(cls: type, values: Any, path: str = "") -> Any:
    """An instance of the dataclass `cls` from an object of JSON. Raises Wrong."""
    at = path or "the file"
    if not isinstance(values, Mapping):
        raise Wrong(f"{at}: is no object")
    hints = _hints(cls)
    fields = {each.name: each for each in dataclasses.fields(cls)}
    unknown = [str(key) for key in values if key not in fields]
    if unknown:
        raise Wrong(f"{at}: has the unknown key {unknown[0][:80]!r}")
    found: dict[str, Any] = {}
    for name, each in fields.items():
        inner = f"{path}.{name}" if path else name
        if name in values:
            found[name] = _value(hints[name], values[name], each.metadata, inner)
        elif each.default is dataclasses.MISSING:
            raise Wrong(f"{at}: lacks {name}")
    return cls(**found)


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(hint: Any, value: Any, facts: Mapping[str, Any], path: str) -> Any:
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        (hint,) = [each for each in typing.get_args(hint) if each is not type(None)]
    if typing.get_origin(hint) is tuple:
        return _items(typing.get_args(hint)[0], value, path)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return built(hint, value, path)
    if hint is bool:
        if not isinstance(value, bool):
            raise Wrong(f"{path}: is neither true nor false")
        return value
    return _string(value, facts, path) if hint is str else _number(hint, value, facts, path)


def _items(hint: Any, value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Wrong(f"{path}: is no list")
    return tuple(_value(hint, each, {}, f"{path}[{index}]") for index, each in enumerate(value))


def _string(value: Any, facts: Mapping[str, Any], path: str) -> str:
    if not isinstance(value, str):
        raise Wrong(f"{path}: is no text")
    if not value:
        if facts.get("empty", True):
            return value
        raise Wrong(f"{path}: is empty")
    longest = facts.get("longest", 4096)
    if len(value) > longest:
        raise Wrong(f"{path}: is longer than {longest} characters")
    pattern = facts.get("pattern", "")
    if pattern and not re.fullmatch(pattern, value):
        raise Wrong(f"{path}: {value[:80]!r} does not have the right form")
    return value


def _number(hint: Any, value: Any, facts: Mapping[str, Any], path: str) -> Any:
    kinds = (int,) if hint is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise Wrong(f"{path}: is no {'whole ' if hint is int else ''}number")
    try:
        number = hint(value)
    except OverflowError:
        raise Wrong(f"{path}: is beyond what a number can be") from None
    if not math.isfinite(number):
        raise Wrong(f"{path}: is not finite")
    minimum, maximum = facts.get("minimum"), facts.get("maximum")
    if minimum is not None and number < minimum:
        raise Wrong(f"{path}: {number} is below {minimum}")
    if maximum is not None and number > maximum:
        raise Wrong(f"{path}: {number} is above {maximum}")
    return number
