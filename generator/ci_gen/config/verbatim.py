"""Numbers and dates of a YAML file that are written back letter by letter.

A commit of 40 digits with an e among them, or a name that looks like a date, is a number or a
date to YAML, and would come back rounded, reformatted or refused.
"""

from __future__ import annotations

from typing import Any

from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

_TAG = "tag:yaml.org,2002:"


class _Integer(int):
    text: str


class _Float(float):
    text: str


class _Date(str):
    text: str


_TYPES = {"int": _Integer, "float": _Float, "timestamp": _Date}


class Constructor(RoundTripConstructor):
    """Keeps a plain number's and date's own text. One with an anchor is left to ruamel."""


class Representer(RoundTripRepresenter):
    """Writes that text."""


def _constructing(kind: str) -> Any:
    usual = RoundTripConstructor.yaml_constructors[_TAG + kind]

    def construct(constructor: Constructor, node: ScalarNode) -> Any:
        if node.anchor:
            return usual(constructor, node)
        value = _TYPES[kind](node.value if kind == "timestamp" else usual(constructor, node))
        value.text = node.value
        return value

    return construct


def _representing(kind: str) -> Any:
    def represent(representer: Representer, value: Any) -> Any:
        return representer.represent_scalar(_TAG + kind, value.text)

    return represent


for _kind, _type in _TYPES.items():
    Constructor.add_constructor(_TAG + _kind, _constructing(_kind))
    Representer.add_representer(_type, _representing(_kind))
