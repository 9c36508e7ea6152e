"""Facts as plain values, for JSON and for the lock, and back.

The form follows the dataclasses of `model.py`: each is an object with every field, an
enumeration is its value, a tuple is a list.
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from ci_gen.detect.model import Facts


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """Turn facts into dicts, lists, strings, numbers and None."""
    return cast("dict[str, Any]", _plain(facts))


def facts_from_json(document: object) -> Facts:
    """Turn what facts_to_json made into facts again.

    Raises ValueError, which names the place, where something is missing, unknown or of the
    wrong kind.
    """
    return cast("Facts", _build(Facts, document, "facts"))


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: Any, value: object, where: str) -> object:
    origin = get_origin(kind)
    if origin is Union or origin is UnionType:
        inner = next(item for item in get_args(kind) if item is not NoneType)
        return None if value is None else _build(inner, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where}: a list is needed, not {_shown(value)}")
        item_kind = get_args(kind)[0]
        return tuple(_build(item_kind, item, f"{where}[{i}]") for i, item in enumerate(value))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _build_member(kind, value, where)
    if dataclasses.is_dataclass(kind):
        return _build_object(kind, value, where)
    if type(value) is not kind:
        names = {str: "a text", int: "a whole number", bool: "true or false"}
        raise ValueError(f"{where}: {names[kind]} is needed, not {_shown(value)}")
    return value


def _build_member(kind: type[Enum], value: object, where: str) -> Enum:
    for member in kind:
        if member.value == value:
            return member
    allowed = ", ".join(str(member.value) for member in kind)
    raise ValueError(f"{where}: one of {allowed} is needed, not {_shown(value)}")


def _build_object(kind: Any, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: an object is needed, not {_shown(value)}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in value:
        if key not in fields:
            raise ValueError(f"{where}: unknown key {_shown(key)}")
    built = {}
    for name, field in fields.items():
        if name in value:
            built[name] = _build(_hints(kind)[name], value[name], f"{where}.{name}")
        elif field.default is dataclasses.MISSING:
            raise ValueError(f"{where}: the key {name!r} is missing")
    return kind(**built)


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
