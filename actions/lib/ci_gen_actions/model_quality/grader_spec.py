"""What a question file may say about grading.

    exact        the answer is one of the expected ones: {"case": false, "punctuation": false}
    contains     one of them stands in it: {"case": false, "words": true, "all": false}
    regex        {"pattern": ..., "flags": "im", "full": false}; else the expected ones are patterns
    number       its last number is near: {"absolute": 0, "relative": 0, "which": "last"}
    json-schema  its JSON is valid: {"schema": {...}}
    choice       of the choices the right one is the likeliest: {"normalise": "characters"}
    custom       a Python function says so: {"file": "grader.py", "function": "grade", ...}

Without a grader it is `choice` where there are choices, `number` where the answer is a number,
else `contains`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ..core.reading import nearest
from .question import GRADERS, Grader

NORMALISATIONS = ("none", "tokens", "characters")
MAX_PATTERN = 10_000
_FLAGS = frozenset("imsx")
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "exact": {"case": False, "punctuation": False},
    "contains": {"case": False, "words": True, "all": False},
    "regex": {"pattern": "", "flags": "", "full": False},
    "number": {"absolute": 0.0, "relative": 0.0, "which": "last"},
    "json-schema": {"schema": {}},
    "choice": {"normalise": "characters"},
    "custom": {"file": "", "function": "grade"},
}


class Misfit(Exception):  # noqa: N818 - carried to the one error that shows it
    """A grader or answer that cannot be used; `about` is the key to point at."""

    def __init__(self, about: str, reason: str) -> None:
        super().__init__(reason)
        self.about = about


def grader_of(spec: Any, answer: Any, choices: tuple[str, ...]) -> Grader:
    """The grader that a question asks for. Raises Misfit."""
    kind, given = _kind(spec, answer, choices)
    settings = _settings(kind, given)
    if kind == "choice":
        return Grader(kind=kind, expected=(_right_choice(answer, choices),), settings=settings)
    expected = _expected(answer)
    if kind == "regex":
        return _regex(expected, settings)
    if kind == "json-schema":
        return _schema(settings)
    if kind == "custom":
        return _custom(expected, settings)
    if not expected:
        raise Misfit("answer", "the question lacks an answer")
    if kind == "number":
        for each in expected:
            _number(each)
    return Grader(kind=kind, expected=expected, settings=settings)


def _kind(spec: Any, answer: Any, choices: tuple[str, ...]) -> tuple[str, Mapping[str, Any]]:
    if spec is None:
        is_number = isinstance(answer, (int, float)) and not isinstance(answer, bool)
        return ("choice" if choices else "number" if is_number else "contains"), {}
    given = {"type": spec} if isinstance(spec, str) else spec
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(kind, str):
        raise Misfit("grader", "a grader is a name, or an object with the name as its type")
    kind = kind.replace("_", "-")
    if kind not in GRADERS:
        near = nearest(kind, GRADERS)
        hint = f" - did you mean {near}?" if near else ""
        known = ", ".join(GRADERS)
        raise Misfit("grader", f"there is no grader {kind[:40]!r}{hint} (there are {known})")
    return kind, {key: value for key, value in given.items() if key != "type"}


def _settings(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    known = _SETTINGS[kind]
    found = dict(known)
    for key, value in given.items():
        if key not in known:
            if kind == "custom":
                found[key] = value
                continue
            near = nearest(key, tuple(known))
            hint = f" - did you mean {near}?" if near else ""
            raise Misfit("grader", f"the grader {kind} has no setting {key[:40]!r}{hint}")
        wanted: type | tuple[type, ...] = type(known[key])
        if isinstance(known[key], float):
            wanted = (int, float)
        if not isinstance(value, wanted) or (
            isinstance(value, bool) and not isinstance(known[key], bool)
        ):
            raise Misfit("grader", f"`{key}` of the grader {kind} has a value of the wrong kind")
        found[key] = value
    _check(found)
    return found


def _check(settings: Mapping[str, Any]) -> None:
    for key, allowed in (("which", ("first", "last")), ("normalise", NORMALISATIONS)):
        if settings.get(key, allowed[0]) not in allowed:
            raise Misfit("grader", f"`{key}` is one of {', '.join(allowed)}")
    for key in ("absolute", "relative"):
        value = settings.get(key, 0.0)
        if value < 0 or not math.isfinite(value):
            raise Misfit("grader", f"`{key}` must be a number, at least 0")


def _expected(answer: Any) -> tuple[str, ...]:
    """The answers as texts."""
    items = answer if isinstance(answer, list) else [] if answer is None else [answer]
    found: list[str] = []
    for each in items:
        if isinstance(each, bool) or not isinstance(each, (str, int, float)):
            raise Misfit("answer", "an answer must be a text, a number, or a list of them")
        text = str(each)
        if not text.strip():
            raise Misfit("answer", "an answer is empty, and would always or never be right")
        found.append(text)
    return tuple(found)


def _right_choice(answer: Any, choices: tuple[str, ...]) -> str:
    """The text of the choice that is right."""
    if not choices:
        raise Misfit("grader", "the grader choice needs choices")
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if isinstance(answer, int) and not isinstance(answer, bool):
        if 0 <= answer < len(choices):
            return choices[answer]
        raise Misfit("answer", f"there is no choice {answer}; they are 0 to {len(choices) - 1}")
    if isinstance(answer, str):
        if answer in choices:
            return answer
        place = ord(answer.strip().upper()) - ord("A") if len(answer.strip()) == 1 else -1
        if 0 <= place < len(choices):
            return choices[place]
        if answer.strip() in [each.strip() for each in choices]:
            return next(each for each in choices if each.strip() == answer.strip())
    raise Misfit("answer", "the answer is none of the choices, nor a letter or index of one")


def _regex(expected: tuple[str, ...], settings: dict[str, Any]) -> Grader:
    patterns = (settings["pattern"],) if settings["pattern"] else expected
    if not patterns:
        raise Misfit("grader", "the grader regex needs a pattern")
    if set(settings["flags"]) - _FLAGS:
        raise Misfit("grader", f"`flags` may hold the letters {', '.join(sorted(_FLAGS))}")
    for pattern in patterns:
        if len(pattern) > MAX_PATTERN:
            raise Misfit("grader", f"a pattern has more than {MAX_PATTERN} characters")
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise Misfit("grader", f"the pattern {pattern[:80]!r} is wrong: {error}") from None
    return Grader(kind="regex", expected=patterns, settings={**settings, "pattern": ""})


def _schema(settings: dict[str, Any]) -> Grader:
    if not settings["schema"]:
        raise Misfit("grader", "the grader json-schema needs a schema, as an object")
    return Grader(kind="json-schema", settings=settings)


def _custom(expected: tuple[str, ...], settings: dict[str, Any]) -> Grader:
    if not settings["file"]:
        raise Misfit("grader", "the grader custom needs a file")
    if not str(settings["function"]).isidentifier():
        raise Misfit("grader", "`function` must be the name of a function")
    return Grader(kind="custom", expected=expected, settings=settings)


def _number(text: str) -> None:
    try:
        if math.isfinite(float(text.replace(",", ""))):
            return
    except ValueError:
        pass
    raise Misfit("answer", f"the grader number needs a number as answer, and this is {text[:40]!r}")
