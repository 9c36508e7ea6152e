"""Configs drawn from the JSON Schema itself, and configs that barely miss it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from ci_gen.config.schema import schema

Document = dict[str, Any]
Drawn = st.SearchStrategy[Any]


@cache
def documents() -> st.SearchStrategy[Document]:
    """Documents that the schema of ci-gen.yaml accepts, drawn from nothing but the schema."""
    return _of(schema())


def _of(node: Document) -> Drawn:
    """What one schema of the kinds that ours consists of accepts."""
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if isinstance(node["type"], list):
        first, null = node["type"]
        assert null == "null"
        return st.one_of(st.none(), _of({**node, "type": first}))
    return _KINDS[node["type"]](node)


def _object(node: Document) -> Drawn:
    if "properties" not in node:
        keys, values = _string(node["propertyNames"]), _of(node["additionalProperties"])
        return st.dictionaries(keys, values, max_size=3)
    assert node["additionalProperties"] is False
    drawn = {name: _of(child) for name, child in node["properties"].items()}
    required = {name: drawn.pop(name) for name in node.get("required", ())}
    return st.fixed_dictionaries(required, optional=drawn)


def _array(node: Document) -> Drawn:
    most = min(node["maxItems"], node["minItems"] + 4)
    unique = _canonical if node["uniqueItems"] else None
    return st.lists(_of(node["items"]), min_size=node["minItems"], max_size=most, unique_by=unique)


def _canonical(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def _string(node: Document) -> Drawn:
    pattern, most = node.get("pattern"), node["maxLength"]
    if pattern is None:
        return st.text(max_size=most)
    # `$` is the very end of a text in a schema; in Python's expressions it is with `fullmatch`.
    drawn = st.from_regex(re.compile(pattern), fullmatch=True)
    return drawn.filter(lambda text: len(text) <= most)


def _integer(node: Document) -> Drawn:
    return st.integers(node["minimum"], node["maximum"])


def _number(node: Document) -> Drawn:
    return st.floats(node["minimum"], node["maximum"])


_KINDS: dict[str, Callable[[Document], Drawn]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _: st.booleans(),
}

_WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.text(max_size=4),
    st.lists(st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=1),
)


@st.composite
def near_misses(draw: st.DrawFn) -> Document:
    """A document of the schema with one or two of its values replaced by any value."""
    document = draw(documents())
    document.pop("version", None)
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(document))
        if places:
            replace = places[draw(st.integers(0, len(places) - 1))]
            replace(draw(_WRONG))
    return document


def _places(node: Any) -> list[Callable[[Any], None]]:
    """Functions that put another value in the place of each value in `node`."""
    found: list[Callable[[Any], None]] = []
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        found.append(lambda value, key=key: node.__setitem__(key, value))
        if isinstance(node[key], dict | list):
            found += _places(node[key])
    return found
