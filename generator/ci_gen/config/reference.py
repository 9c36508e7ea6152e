"""The reference of ci-gen.yaml as Markdown, derived from the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, cast

from ci_gen.config.model import Config
from ci_gen.config.option import Key, Kind, keys
from ci_gen.config.schema import plain

_INTRODUCTION = """\
# ci-gen.yaml: every key

Generated from the config model; `ci-gen config reference` prints it.

A key that is absent has its default; *detected* means that the repository tells, and
`ci-gen config show` says what it told. Unknown keys and wrong values are errors that name
the file, line and column. Names of keys are kept from one version to the next.
"""


def reference() -> str:
    """The whole page."""
    return _INTRODUCTION + "\n".join(_section(Config, "", "The file"))


def _section(cls: type[Any], path: str, title: str) -> Iterator[str]:
    declared = keys(cls)
    yield f"\n## {f'`{path}`' if path else title}\n"
    if path:
        yield f"{title}\n"
    yield "| Key | Value | Default | Meaning |"
    yield "| --- | --- | --- | --- |"
    for key in declared.values():
        yield f"| `{key.name}` | {_type(key)} | {_default(key)} | {_meaning(key)} |"
    for key in declared.values():
        inner = key.shape.item if key.shape.kind is Kind.LIST else key.shape
        if inner is not None and inner.kind is Kind.SECTION:
            suffix = "[]" if key.shape.kind is Kind.LIST else ""
            name = f"{path}.{key.name}{suffix}" if path else f"{key.name}{suffix}"
            yield from _section(cast("type[Any]", inner.cls), name, key.doc)


def _type(key: Key) -> str:
    shape = key.shape
    if shape.kind is Kind.LIST and shape.item is not None:
        return f"list of {_word(shape.item.kind, shape.item.cls, key)}"
    return _word(shape.kind, shape.cls, key)


def _word(kind: Kind, cls: type[Any] | None, key: Key) -> str:
    if kind is Kind.CHOICE:
        members = cast("type[Enum]", cls)
        return " \\| ".join(f"`{member.value}`" for member in members)
    if kind in (Kind.INTEGER, Kind.NUMBER):
        low, high = key.limits.minimum, key.limits.maximum
        word = "whole number" if kind is Kind.INTEGER else "number"
        return f"{word}, {low} to {high}" if low != high else f"`{low}`"
    if kind is Kind.TEXT:
        return _cell(key.limits.hint) or "text"
    return {Kind.BOOLEAN: "`true` \\| `false`", Kind.SECTION: "section"}.get(kind, "mapping")


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.nullable:
        return "*see meaning*" if "here" in key.doc or "absent" in key.doc else "*detected*"
    if key.shape.kind is Kind.SECTION:
        return ""
    value = plain(key.default)
    if value in ("", [], {}):
        return "empty"
    return f"`{json.dumps(value)}`".replace("|", "\\|")


def _meaning(key: Key) -> str:
    text = _cell(key.doc)
    if key.example is not None:
        text += f" Example: `{_cell(json.dumps(key.example))}`."
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
