"""Declaring a config key once: type, default, meaning and limits in one dataclass field.

The loader, the JSON Schema, the reference page and `ci-gen config` all read what is
declared here and nothing else.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, dataclass
from enum import Enum
from functools import cache
from typing import Any, cast

# Control characters, line separators and the bidirectional overrides that make a text
# read otherwise than it is parsed; `${{` would be evaluated by GitHub. Spaces at the ends
# would be lost in lists, which actions get as lines.
_INERT = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ud800-\\udfff"
TEXT = rf"^(?!\s)(?!.*\$\{{\{{)[^{_INERT}]+(?<!\s)$"
NAME = r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$"
_INSIDE = r"^(?!\s)(?!/)(?!-)(?!.*(?:^|/)\.\.(?:/|$))(?!.*\$\{\{)"
PATH = rf"{_INSIDE}(?!~)(?!.*//)[^{_INERT}\\:*?\x22<>|]+(?<!\s)$"
GLOB = rf"{_INSIDE}(?!!)[^{_INERT}\\:\x22<>|]+(?<!\s)$"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a value must satisfy besides its type. `hint` says it in words.

    `empty` texts are accepted besides those that match the pattern; for a default that is empty
    it need not be declared.
    """

    pattern: str = ""
    hint: str = ""
    minimum: float | None = None
    maximum: float | None = None
    min_items: int = 0
    max_items: int = 50
    unique: bool = True
    key_pattern: str = ""
    empty: bool = False


def option(
    *,
    doc: str,
    default: Any = MISSING,
    factory: Any = MISSING,
    example: Any = None,
    limits: Limits | None = None,
) -> Any:
    """A documented dataclass field.

    `default` or `factory` as for `dataclasses.field`; without either the key is required.
    `example` is a value shown in the reference. `limits` of a list apply to its items.
    """
    metadata = {"doc": doc, "example": example, "limits": limits or Limits()}
    if factory is not MISSING:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    if default is not MISSING:
        return dataclasses.field(default=default, metadata=metadata)
    return dataclasses.field(metadata=metadata)


class Kind(Enum):
    """The shape of a key's value."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"
    MAPPING = "mapping"
    SECTION = "section"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A value's type, resolved: `cls` is the enum or section class, `item` a list's item."""

    kind: Kind
    cls: type[Any] | None = None
    item: Shape | None = None


@dataclass(frozen=True, kw_only=True)
class Key:
    """One declared key of a section. `nullable` keys may be null: "as detected"."""

    name: str
    shape: Shape
    nullable: bool
    required: bool
    default: Any
    doc: str
    example: Any
    limits: Limits


def keys(section: type[Any]) -> Mapping[str, Key]:
    """The declared keys of a section class, by name, in order of declaration."""
    return _declared(cast(Hashable, section))


@cache
def _declared(section: Any) -> Mapping[str, Key]:
    hints = typing.get_type_hints(section)
    return {field.name: _key(field, hints[field.name]) for field in dataclasses.fields(section)}


def _key(field: dataclasses.Field[Any], hint: Any) -> Key:
    nullable, hint = _split_optional(hint)
    required = field.default is MISSING and field.default_factory is MISSING
    default: Any = None
    if field.default is not MISSING:
        default = field.default
    elif field.default_factory is not MISSING:
        default = field.default_factory()
    return Key(
        name=field.name,
        shape=_shape(hint),
        nullable=nullable,
        required=required,
        default=default,
        doc=field.metadata["doc"],
        example=field.metadata["example"],
        limits=dataclasses.replace(
            field.metadata["limits"], empty=field.metadata["limits"].empty or default == ""
        ),
    )


def _split_optional(hint: Any) -> tuple[bool, Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        if len(rest) != 1:
            raise TypeError(f"a config key has one type, or that and None: {hint}")
        return True, rest[0]
    return False, hint


_SCALARS: Mapping[Any, Kind] = types.MappingProxyType(
    {str: Kind.TEXT, int: Kind.INTEGER, float: Kind.NUMBER, bool: Kind.BOOLEAN}
)


def _shape(hint: Any) -> Shape:
    if hint in _SCALARS:
        return Shape(kind=_SCALARS[hint])
    origin = typing.get_origin(hint)
    if origin is tuple:
        return Shape(kind=Kind.LIST, item=_shape(typing.get_args(hint)[0]))
    if origin is not None and issubclass(origin, Mapping):
        return Shape(kind=Kind.MAPPING)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Shape(kind=Kind.CHOICE, cls=hint)
    if dataclasses.is_dataclass(hint):
        return Shape(kind=Kind.SECTION, cls=cast(type, hint))
    raise TypeError(f"no config key may have the type {hint}")
