"""Measured durations from JSON: a table of jobs, or the evidence that a stage has left."""

from __future__ import annotations

import json
from typing import Any

from ci_gen.errors import UsageError

_HINT = 'Give {"<job id>": <seconds>, ...}, or an evidence file with "stage" and "seconds".'


def parse(text: str, where: str) -> dict[str, float]:
    """Seconds by name of a job or stage, from the text of the file called `where`.

    Raises UsageError for what is neither a table of numbers nor evidence.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{where}: is not JSON: {error}", _HINT) from error
    if not isinstance(data, dict):
        raise UsageError(f"{where}: holds {_kind(data)} instead of an object", _HINT)
    if isinstance(data.get("stage"), str):
        return {data["stage"]: _seconds(data.get("seconds"), f'{where}: "seconds"')}
    return {name: _seconds(value, f'{where}: "{name}"') for name, value in data.items()}


def _seconds(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"{where} is {_kind(value)} instead of a number of seconds", _HINT)
    # Written so that nan, which json.loads takes, fails too. A year is a wrong unit.
    if not 0 <= value <= 366 * 24 * 3600:
        raise UsageError(f"{where} is {value}, which is no plausible number of seconds", _HINT)
    return float(value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return "null" if value is None else names.get(type(value), "a number")
