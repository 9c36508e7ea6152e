"""From the environment and the command line to an action's `Options`.

A flag wins over the environment, the environment over the default. Every wrong value is
reported at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import OptionsError, Problem
from .options import Declaration, declarations, prefix, variable

T = TypeVar("T")

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_SHOWN = 120


class BadValueError(ValueError):
    """A value that its option does not take; `hint` is a near value that it would take."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The command line, taken apart: texts by option name, and what was wrong with it."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read(cls: type[T], action: str, environ: Mapping[str, str], arguments: Sequence[str] = ()) -> T:
    """The options of `action`. Raises OptionsError with every wrong value."""
    declared = declarations(cls)
    flags = parse_flags(declared, arguments)
    problems = list(flags.problems)
    values: dict[str, Any] = {}
    for each in declared:
        name = variable(action, each.name)
        given = flags.values.get(each.name)
        shown_by = f"--{each.name}" if given is not None else name
        text = "\n".join(given) if given is not None else environ.get(name, "")
        try:
            values[each.field] = parse(each, text)
        except BadValueError as bad:
            problems.append(_problem(each, shown_by, text, bad))
    if problems:
        raise OptionsError(action, problems)
    return cls(**values)


def unknown_variables(
    cls: type, action: str, environ: Mapping[str, str], others: Sequence[str] = ()
) -> list[Problem]:
    """Variables that look like options of `action` and are none: most likely mistyped.

    `others` are the names of all actions: a variable of `build-python` is no mistyped one of
    `build`.
    """
    start = prefix(action)
    known = {variable(action, each.name) for each in declarations(cls)}
    longer = tuple(
        prefix(other) for other in others if other != action and prefix(other).startswith(start)
    )
    return [
        Problem(
            name=name,
            given_by="environment",
            value="",
            reason=f"action {action} has no such input",
            hint=nearest(name, sorted(known)),
        )
        for name in sorted(environ)
        if name.startswith(start) and name not in known and not name.startswith(longer or ("\0",))
    ]


def parse(option: Declaration, text: str) -> Any:
    """The value that `text` stands for. Raises BadValueError."""
    if not text.strip():
        if option.required:
            raise BadValueError("is required and was not given")
        return option.default
    if option.kind == "lines":
        items = tuple(line.strip() for line in text.splitlines() if line.strip())
        for item in items:
            _check_text(option, item)
        return items
    if option.kind == "str":
        value = text if option.multiline else text.strip()
        _check_text(option, value)
        return value
    return _parse_bool(text) if option.kind == "bool" else _parse_number(option, text)


def _check_text(option: Declaration, text: str) -> None:
    if "\0" in text:
        raise BadValueError("holds a NUL character")
    if not option.multiline and len(text.splitlines()) > 1:
        raise BadValueError("holds more than one line")
    if option.choices and text not in option.choices:
        raise BadValueError("is not one of the choices", nearest(text, option.choices))
    if option.pattern and not re.fullmatch(option.pattern, text):
        raise BadValueError("does not have the right form")


def _parse_bool(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise BadValueError("is neither true nor false", nearest(word, ("true", "false")))


def _parse_number(option: Declaration, text: str) -> int | float:
    whole = option.kind == "int"
    try:
        number: int | float = int(text.strip()) if whole else float(text.strip())
    except ValueError:
        raise BadValueError("is not a whole number" if whole else "is not a number") from None
    if not math.isfinite(number):
        raise BadValueError("is not a finite number")
    if option.minimum is not None and number < option.minimum:
        raise BadValueError("is too small")
    if option.maximum is not None and number > option.maximum:
        raise BadValueError("is too large")
    return number


def _problem(option: Declaration, given_by: str, text: str, bad: BadValueError) -> Problem:
    shown = "" if option.secret or not text.strip() else repr(text[:_SHOWN])
    return Problem(
        name=option.name,
        given_by=given_by,
        value=shown,
        reason=str(bad),
        allowed=option.allowed,
        hint=bad.hint,
    )


def parse_flags(declared: Sequence[Declaration], arguments: Sequence[str]) -> Flags:
    """Take a command line apart: `--name value`, `--name=value`, `--flag`, `--no-flag`.

    An option of lines may be given several times, one item each. A value may begin with a
    dash (`--cmake-args -DGGML_CUDA=ON`), which is why this is not argparse.
    """
    by_name = {each.name: each for each in declared}
    values: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.removeprefix("--").partition("=")
        negated = name.removeprefix("no-") if name not in by_name else ""
        option = by_name.get(name)
        if not word.startswith("--") or (option is None and not _is_bool(by_name, negated)):
            problems.append(_unknown_flag(word, name, by_name))
        elif option is None:
            values[negated] = ("false",)
        elif option.secret:
            problems.append(_secret_flag(option))
            rest = rest if has_value else rest[1:]
        elif option.kind == "bool" and not has_value:
            values[name] = ("true",)
        elif not has_value and not rest:
            problems.append(_bare_flag(option))
        else:
            text = value if has_value else rest.pop(0)
            before = values.get(name, ()) if option.kind == "lines" else ()
            values[name] = (*before, text)
    return Flags(values=values, problems=tuple(problems))


def _is_bool(by_name: Mapping[str, Declaration], name: str) -> bool:
    return name in by_name and by_name[name].kind == "bool"


def _unknown_flag(word: str, name: str, by_name: Mapping[str, Declaration]) -> Problem:
    near = nearest(name, sorted(by_name))
    return Problem(
        name=word.partition("=")[0],
        given_by="command line",
        value="",
        reason="is no flag of this action",
        hint=f"--{near}" if near else "",
    )


def _secret_flag(option: Declaration) -> Problem:
    return Problem(
        name=option.name,
        given_by=f"--{option.name}",
        value="",
        reason="is a secret, which other users could read from the command line; "
        "give it in the environment",
    )


def _bare_flag(option: Declaration) -> Problem:
    return Problem(
        name=option.name,
        given_by=f"--{option.name}",
        value="",
        reason="has no value",
        allowed=option.allowed,
    )


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that `word` most likely was meant to be, or ""."""
    import difflib  # only where something is wrong: it costs start-up time

    found = difflib.get_close_matches(word, [each for each in known if each], n=1, cutoff=0.6)
    return found[0] if found else ""
