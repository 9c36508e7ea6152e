"""Records of JSON that are declared once, as dataclasses: their reading, writing and schema.

A field is made by `known(doc)`; its type is str, int, float, bool, another such dataclass, a
tuple of one of them, a mapping of texts, or any of these `| None`.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_META = "ci-gen"
_SCALARS: Mapping[Any, tuple[str, tuple[type, ...]]] = {
    str: ("string", (str,)),
    int: ("integer", (int,)),
    float: ("number", (int, float)),
    bool: ("boolean", (bool,)),
}

T = TypeVar("T")


class Malformed(ValueError):  # noqa: N818 - reads as the sentence it is
    """What a record cannot be: `path` is the field with dots between, `why` the reason."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} {why}" if path else why)
        self.path = path
        self.why = why


def known(doc: str, *, pattern: str = "") -> Any:
    """Declare a field: what it means, and the regular expression that its text matches."""
    return dataclasses.field(metadata={_META: {"doc": doc, "pattern": pattern}})


def as_json(record: DataclassInstance) -> dict[str, Any]:
    """The record as JSON has it, every field in its order, what is unknown as null."""
    return dataclasses.asdict(record)


def from_json(cls: type[T], value: Any, path: str = "") -> T:
    """The record out of parsed JSON; fields that a later version added are left out.

    Raises Malformed, which names the field.
    """
    if not isinstance(value, dict):
        raise Malformed(path, "is no object")
    hints = typing.get_type_hints(cls)
    found: dict[str, Any] = {}
    for each in dataclasses.fields(typing.cast("Any", cls)):
        inner = f"{path}.{each.name}" if path else each.name
        if each.name not in value:
            raise Malformed(inner, "is missing")
        found[each.name] = _read(hints[each.name], value[each.name], inner, _pattern(each))
    return cls(**found)


def schema(cls: type, title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the record."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **_object(cls),
    }


def _read(hint: Any, value: Any, path: str, pattern: str) -> Any:
    inner, optional = _optional(hint)
    if value is None and optional:
        return None
    if dataclasses.is_dataclass(inner):
        return from_json(typing.cast("type[Any]", inner), value, path)
    if typing.get_origin(inner) is tuple:
        if not isinstance(value, list):
            raise Malformed(path, "is no list")
        item = typing.get_args(inner)[0]
        return tuple(
            _read(item, each, f"{path}[{place}]", pattern) for place, each in enumerate(value)
        )
    noun, classes = _SCALARS[inner]
    if not isinstance(value, classes) or (isinstance(value, bool) and inner is not bool):
        raise Malformed(path, f"is no {noun}{' and not null' if optional else ''}")
    if pattern and not re.fullmatch(pattern, str(value)):
        raise Malformed(path, f"does not match {pattern}")
    return value


def _object(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    properties = {}
    fields = dataclasses.fields(typing.cast("Any", cls))
    for each in fields:
        part = _schema_of(hints[each.name], _pattern(each))
        properties[each.name] = {"description": each.metadata[_META]["doc"], **part}
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "properties": properties,
        "required": [each.name for each in fields],
    }


def _schema_of(hint: Any, pattern: str) -> dict[str, Any]:
    inner, optional = _optional(hint)
    if dataclasses.is_dataclass(inner):
        found = _object(typing.cast("type", inner))
    elif typing.get_origin(inner) is tuple:
        found = {"type": "array", "items": _schema_of(typing.get_args(inner)[0], pattern)}
    else:
        found = {"type": _SCALARS[inner][0], **({"pattern": f"^(?:{pattern})$"} if pattern else {})}
    return {**found, "type": [found["type"], "null"]} if optional else found


def _optional(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [each for each in typing.get_args(hint) if each is not type(None)]
        return rest[0], True
    return hint, False


def _pattern(each: dataclasses.Field[Any]) -> str:
    return str(each.metadata[_META]["pattern"])
