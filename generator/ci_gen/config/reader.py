"""From the text of ci-gen.yaml to a `Config`, or to every problem in it with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from ci_gen.config.option import Key, Kind, Limits, Shape, keys
from ci_gen.errors import ConfigError, Problem, quoted

_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset(
    _TAG + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge", "value")
)
_NULLS = ("", "~", "null", "Null", "NULL")
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_NUMBER = re.compile(_WHOLE.pattern + r"(?:\.[0-9]{1,20})?(?:[eE][-+]?[0-9]{1,3})?")
_MISSING: Any = object()

Section = TypeVar("Section")


def read(text: str, section: type[Section], file: str) -> Section:
    """Read `text` as a `section`. Raises ConfigError with every problem, in file order."""
    root = compose(text, file)
    reader = Reader(file=file)
    if root is None:
        reader.problem(None, "the file is empty", "ci-gen init writes one")
        raise ConfigError(reader.problems)
    value = reader.section(root, section, "")
    if reader.problems:
        raise ConfigError(sorted(reader.problems))
    return cast(Section, value)


def compose(text: str, file: str) -> Node | None:
    """The node graph of a YAML text, None where it is empty. Raises ConfigError."""
    with told(text, file):
        return cast("Node | None", YAML(typ="safe", pure=True).compose(text))


@contextmanager
def told(text: str, file: str) -> Iterator[None]:
    """Whatever a YAML library says of `text` inside becomes a ConfigError with its place."""
    try:
        yield
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    except ReaderError as error:
        before = text[: error.position].splitlines() or [""]
        line, column = len(before), len(before[-1]) + 1
        message = str(error).splitlines()[0].partition(": special")[0]
    except RecursionError:
        message, line, column = "nested too deeply", 1, 1
    except (LookupError, TypeError):
        message, line, column = "a tag does not fit what it is on", 1, 1
    except (YAMLError, ValueError) as error:
        message, line, column = (str(error).splitlines() or ["it cannot be read"])[0], 1, 1
    else:
        return
    raise ConfigError([Problem(file, line, column, f"not valid YAML: {message}")])


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` where a known word resembles this one, else ""."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


@dataclass
class Reader:
    """One pass over a node graph, collecting problems instead of stopping at the first."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    _active: set[int] = field(default_factory=set)

    def problem(self, node: Node | None, message: str, hint: str = "") -> None:
        """Remember a problem at the node's start."""
        line = node.start_mark.line + 1 if node is not None else 1
        column = node.start_mark.column + 1 if node is not None else 1
        self.problems.append(Problem(self.file, line, column, message, hint))

    def section(self, node: Node, cls: type[Any], where: str) -> Any:
        """The section at `node`, or nothing of use once a problem was found."""
        if not isinstance(node, MappingNode):
            self.problem(node, f"{where or 'the file'} must be a mapping of keys", _found(node))
            return _MISSING
        if self._tagged(node, where or "the file"):
            return _MISSING
        if id(node) in self._active:
            self.problem(node, f"{where} contains itself through an alias")
            return _MISSING
        self._active.add(id(node))
        values = self._values(node, cls, where)
        self._active.discard(id(node))
        if any(value is _MISSING for value in values.values()):
            return _MISSING
        return cls(**values)

    def _values(self, node: MappingNode, cls: type[Any], where: str) -> dict[str, Any]:
        known = keys(cls)
        values: dict[str, Any] = {}
        for name, child in self._pairs(node, where):
            path = f"{where}.{name.value}" if where else str(name.value)
            key = known.get(name.value)
            if key is None:
                hint = suggest(name.value, known) or "known: " + ", ".join(known)
                self.problem(name, f"unknown key {quoted(path)}", hint)
            else:
                values[key.name] = self._value(child, key, path)
        for key in known.values():
            if key.required and key.name not in values:
                inside = f" in {where}" if where else ""
                self.problem(node, f'the key "{key.name}" is missing{inside}', key.doc)
                values[key.name] = _MISSING
        return values

    def _pairs(self, node: MappingNode, where: str) -> list[tuple[ScalarNode, Node]]:
        pairs: dict[str, tuple[ScalarNode, Node]] = {}
        for name, child in node.value:
            if not isinstance(name, ScalarNode):
                self.problem(name, "a key must be a plain word")
            elif self._tagged(name, f"the key {quoted(name.value)}"):
                continue
            elif name.value in pairs:
                self.problem(name, f"the key {quoted(name.value)} stands twice", where)
            else:
                pairs[name.value] = (name, child)
        return list(pairs.values())

    def _value(self, node: Node, key: Key, path: str) -> Any:
        if key.nullable and _is_null(node):
            return None
        return self._shaped(node, key.shape, key.limits, path)

    def _shaped(self, node: Node, shape: Shape, limits: Limits, path: str) -> Any:
        if shape.kind is Kind.SECTION:
            return self.section(node, cast("type[Any]", shape.cls), path)
        if shape.kind is Kind.LIST:
            return self._list(node, cast(Shape, shape.item), limits, path)
        if shape.kind is Kind.MAPPING:
            return self._mapping(node, limits, path)
        return self._scalar(node, shape, limits, path)

    def _list(self, node: Node, item: Shape, limits: Limits, path: str) -> Any:
        if not isinstance(node, SequenceNode):
            self.problem(node, f"{path} must be a list", _found(node))
            return _MISSING
        if self._tagged(node, path):
            return _MISSING
        count = len(node.value)
        if not limits.min_items <= count <= limits.max_items:
            wanted = f"{limits.min_items} to {limits.max_items}"
            self.problem(node, f"{path} has {count} items; it may have {wanted}")
            return _MISSING
        items = [
            self._shaped(child, item, limits, f"{path}[{index}]")
            for index, child in enumerate(node.value)
        ]
        if limits.unique:
            self._repeated(node, items, path)
        return _MISSING if any(value is _MISSING for value in items) else tuple(items)

    def _repeated(self, node: SequenceNode, items: list[Any], path: str) -> None:
        seen: set[Any] = set()
        for child, value in zip(node.value, items, strict=True):
            label = getattr(value, "name", value) if not isinstance(value, Enum) else value.value
            if value is _MISSING or not isinstance(label, str):
                continue
            if label in seen:
                self.problem(child, f"{quoted(label)} stands twice in {path}")
            seen.add(label)

    def _mapping(self, node: Node, limits: Limits, path: str) -> Any:
        if not isinstance(node, MappingNode):
            self.problem(node, f"{path} must be a mapping", _found(node))
            return _MISSING
        if self._tagged(node, path):
            return _MISSING
        result: dict[str, Any] = {}
        key_limits = Limits(pattern=limits.key_pattern, hint=limits.hint)
        for name, child in self._pairs(node, path):
            where = f"{path}.{name.value}"
            name_value = self._text(name, name.value, key_limits, f"the key of {path}")
            value = self._scalar(child, Shape(kind=Kind.TEXT), limits, where)
            result[name.value] = _MISSING if name_value is _MISSING else value
        return _MISSING if any(value is _MISSING for value in result.values()) else result

    def _scalar(self, node: Node, shape: Shape, limits: Limits, path: str) -> Any:
        if not isinstance(node, ScalarNode):
            self.problem(node, f"{path} must be {_wanted(shape)}", _found(node))
            return _MISSING
        if self._tagged(node, path):
            return _MISSING
        if _is_null(node):
            self.problem(node, f"{path} has no value", "give one, or remove it")
            return _MISSING
        if shape.kind is Kind.TEXT:
            return self._text(node, node.value, limits, path)
        if shape.kind is Kind.CHOICE:
            return self._choice(node, shape, path)
        if shape.kind is Kind.BOOLEAN:
            return self._boolean(node, path)
        return self._number(node, shape, limits, path)

    def _tagged(self, node: Node, what: str) -> bool:
        """Whether the node carries a tag that is not its own, which has then been told."""
        tag = str(node.tag)
        if tag in _TAGS and (tag != _TAG + "null" or _is_null(node)):
            return False
        self.problem(node, f"{what} carries the YAML tag {quoted(tag)}", "tags are not accepted")
        return True

    def _text(self, node: Node, value: str, limits: Limits, path: str) -> Any:
        if value == "" and not limits.empty:
            self.problem(node, f"{path} is empty", f"it must be {limits.hint}")
            return _MISSING
        if value and limits.pattern and not re.fullmatch(limits.pattern, value):
            self.problem(node, f"{path} cannot be {quoted(value)}", f"it must be {limits.hint}")
            return _MISSING
        if len(value) > 1000:
            self.problem(node, f"{path} is longer than 1,000 characters")
            return _MISSING
        return value

    def _choice(self, node: ScalarNode, shape: Shape, path: str) -> Any:
        choice = cast("type[Enum]", shape.cls)
        choices = [member.value for member in choice]
        if node.value in choices:
            return choice(node.value)
        hint = suggest(node.value, choices) or "one of " + ", ".join(choices)
        self.problem(node, f"{path} cannot be {quoted(node.value)}", hint)
        return _MISSING

    def _boolean(self, node: ScalarNode, path: str) -> Any:
        value = node.value.lower()
        if node.tag == _TAG + "bool" and value in ("true", "false"):
            return bool(value == "true")
        self.problem(node, f"{path} must be true or false", _found(node))
        return _MISSING

    def _number(self, node: ScalarNode, shape: Shape, limits: Limits, path: str) -> Any:
        whole = shape.kind is Kind.INTEGER
        if node.style is not None or not (_WHOLE if whole else _NUMBER).fullmatch(node.value):
            self.problem(node, f"{path} must be {_wanted(shape)}", _found(node))
            return _MISSING
        value = int(node.value) if whole else float(node.value)
        low, high = limits.minimum, limits.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            wanted = f"it must be {low}" if low == high else f"it must lie in {low} to {high}"
            self.problem(node, f"{path} cannot be {node.value}", wanted)
            return _MISSING
        return value


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _TAG + "null" and node.value in _NULLS


def _wanted(shape: Shape) -> str:
    wanted = {
        Kind.TEXT: "a text",
        Kind.INTEGER: "a whole number",
        Kind.NUMBER: "a number",
        Kind.BOOLEAN: "true or false",
    }
    return wanted.get(shape.kind, "one word")


def _found(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "found a mapping"
    if isinstance(node, SequenceNode):
        return "found a list"
    if _is_null(node):
        return "found nothing"
    return f"found {quoted(str(node.value))}"
