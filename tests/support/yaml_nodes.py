"""YAML read once: the plain data for a schema, the nodes for line numbers.

The loader behaves as check-jsonschema's does (YAML 1.2, timestamps stay text, keys become
text, GitLab's `!reference` becomes the list of its parts), so that data made here can be
given to the same validators.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

REFERENCE = "!reference"


@dataclass(frozen=True)
class Document:
    """One YAML file: `data` for validators, `root` for positions, or an error with its line."""

    data: Any
    root: Node | None
    error: str = ""
    line: int = 1


def read(text: str) -> Document:
    """Parse one file. A file that is no YAML gives a Document with `error` set."""

    class Constructor(SafeConstructor):  # of its own: ruamel keeps constructors on the class
        pass

    Constructor.add_constructor(REFERENCE, _reference)
    Constructor.add_constructor(
        "tag:yaml.org,2002:timestamp", SafeConstructor.yaml_constructors["tag:yaml.org,2002:str"]
    )
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = Constructor
    try:
        root = yaml.compose(text)
        data = None if root is None else yaml.constructor.construct_document(root)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Document(None, None, f"{error.problem or error}", mark.line + 1 if mark else 1)
    except (YAMLError, ValueError, TypeError) as error:
        return Document(None, None, str(error))
    return Document(_text_keys(data), root)


def _reference(constructor: SafeConstructor, node: Node) -> list[str]:
    return [str(item.value) for item in node.value]


def _text_keys(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _text_keys(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_text_keys(value) for value in data]
    return data


def entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    """The keys and value nodes of a mapping; nothing for any other node."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield str(key.value), value


def items(node: Node | None) -> list[Node]:
    """The items of a sequence; nothing for any other node."""
    return list(node.value) if isinstance(node, SequenceNode) else []


def child(node: Node | None, *path: str) -> Node | None:
    """The node below `node` along mapping keys, or None."""
    for key in path:
        node = next((value for name, value in entries(node) if name == key), None)
    return node


def scalar(node: Node | None) -> str:
    """A scalar's text; "" for any other node."""
    return str(node.value) if isinstance(node, ScalarNode) else ""


def first_line(node: Node) -> int:
    """The 1-based line that a scalar's text begins on (a block's text is below its header)."""
    line = int(node.start_mark.line) + 1
    block = isinstance(node, ScalarNode) and node.style in ("|", ">")
    return line + 1 if block else line
