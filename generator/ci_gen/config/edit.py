"""Reading and setting single keys of ci-gen.yaml, comments and order kept."""

from __future__ import annotations

import io
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.tokens import CommentToken

from ci_gen.config.option import Kind, Shape, keys
from ci_gen.config.reader import suggest, told
from ci_gen.config.verbatim import Constructor, Representer
from ci_gen.errors import ConfigError, UsageError, quoted

CONFIG_FILE = "ci-gen.yaml"
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def steps(path: str) -> list[str | int]:
    """`services[0].path` as keys and indices. Raises UsageError where it is no such path."""
    found: list[str | int] = []
    position = 0
    for match in _STEP.finditer(path):
        between = path[position : match.start()]
        if between not in ("", ".") or (between == "." and not found):
            break
        found.append(match[1] if match[1] is not None else int(match[2]))
        position = match.end()
    if not found or position != len(path):
        raise UsageError(f'"{path}" is no key.', "Write it as in services[0].path.")
    return found


def known(path: str, section: type[Any]) -> None:
    """Raise UsageError, with the key that was meant, where the model has no such key."""
    shape: Shape | None = Shape(kind=Kind.SECTION, cls=section)
    for step in steps(path):
        if shape is not None and shape.kind is Kind.LIST and isinstance(step, int):
            shape = shape.item
        elif shape is not None and shape.kind is Kind.MAPPING and isinstance(step, str):
            shape = None
        elif shape is None or shape.kind is not Kind.SECTION or shape.cls is None:
            raise UsageError(f'There is no key "{path}": nothing lies below "{step}".')
        else:
            declared = keys(shape.cls)
            if step not in declared:
                hint = suggest(str(step), declared) or "Known: " + ", ".join(declared) + "."
                raise UsageError(f'There is no key "{path}".', hint[:1].upper() + hint[1:])
            shape = declared[str(step)].shape


def get(document: Any, path: str) -> Any:
    """The value at `path` in a plain document. Raises UsageError where there is none."""
    value = document
    for step in steps(path):
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError) as error:
            raise UsageError(f'There is no "{path}": "{step}" is not there.') from error
    return value


def parse(text: str) -> Any:
    """A value as typed on a command line, read as YAML. Raises UsageError."""
    try:
        with told(text, "the value"):
            return _yaml().load(text)
    except ConfigError as error:
        problem = error.problems[0].message.removeprefix("not valid YAML: ")
        raise UsageError(
            f"{quoted(text)} is not YAML: {problem}.", "Put it into quotes: \"'@me'\"."
        ) from error


def set_value(text: str, path: str, value: Any) -> str:
    """The file's text with `value` at `path`; missing sections are added at the end.

    Raises ConfigError where the text is no YAML, UsageError where nothing can be at `path`.
    """
    yaml = _yaml()
    with told(text, CONFIG_FILE):
        document = yaml.load(text.replace("\r\n", "\n"))
    remarks = ""
    if document is None:
        document = CommentedMap()
        remarks = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))
    *parents, last = steps(path)
    place: Any = document
    below = ""
    for step in parents:
        below = below or _below(document, place, step)
        place = _enter(place, step, path)
    below = below or _below(document, place, last)
    _put(place, last, value, path)
    _append(place, last, below)
    out = io.StringIO()
    yaml.dump(document, out)
    written = remarks + out.getvalue()
    return written.replace("\n", "\r\n") if "\r\n" in text else written


def _below(document: Any, place: Any, step: str | int) -> str:
    """The comment lines below the last key of a section that gets a further one: taken away.

    They belong to what follows the section, and would part the new key from it.
    """
    inner = place is not document and isinstance(place, CommentedMap) and len(place)
    if not inner or not isinstance(step, str) or step in place:
        return ""
    key = next(reversed(place))
    tokens = place.ca.items.get(key)
    if isinstance(place[key], CommentedMap | CommentedSeq) or not tokens or not tokens[2]:
        return ""
    own, end, rest = tokens[2].value.partition("\n")
    if rest:
        tokens[2].value = own + end
    return str(rest)


def _append(place: Any, key: str | int, below: str) -> None:
    """Put comment lines below a key that was added at the end of a section."""
    if not below:
        return
    while isinstance(place[key], CommentedMap) and place[key] and not place[key].fa.flow_style():
        place, key = place[key], next(reversed(place[key]))
    token = CommentToken(f"\n{below}", CommentMark(0), None)
    if isinstance(place[key], CommentedMap | CommentedSeq):
        place[key].ca.comment = [token, None]
    place.ca.items[key] = [None, None, token, None]


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Constructor, yaml.Representer = Constructor, Representer
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _enter(place: Any, step: str | int, path: str) -> Any:
    if isinstance(step, int):
        if not isinstance(place, CommentedSeq) or step >= len(place):
            raise UsageError(f'"{path}" cannot be set: the list has no item {step}.')
        return place[step]
    if not isinstance(place, CommentedMap):
        raise UsageError(f'"{path}" cannot be set: "{step}" lies in no mapping.')
    if place.get(step) is None:
        place[step] = CommentedMap()
    return place[step]


def _put(place: Any, last: str | int, value: Any, path: str) -> None:
    if isinstance(last, int) and isinstance(place, CommentedSeq):
        if last == len(place):
            place.append(value)
        elif last < len(place):
            place[last] = value
        else:
            raise UsageError(f'"{path}" cannot be set: the list has {len(place)} items.')
    elif isinstance(last, str) and isinstance(place, CommentedMap):
        place[last] = value
    else:
        raise UsageError(f'"{path}" cannot be set: it lies in no mapping or list.')
