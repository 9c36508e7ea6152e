"""The output formats of llama-bench, read into plain records: JSON, JSON Lines, SQL, CSV.

Each reader gives the records that are whole, and remarks on what is not. Output that breaks off,
as of a process that died, gives what was whole before.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Records = tuple[Iterable[dict[str, Any]], list[str]]
"""The records, and remarks, which are complete once the records have been gone through."""

BROKEN_OFF = "it breaks off: llama-bench did not end well"
FAILED = "it holds no result: llama-bench failed, as when a model cannot be loaded"
_REMARKS = 20
_BEFORE = "\ufeff \t\r\n"

# Each part of an alternative begins differently, so that hostile text costs no more than usual.
_NOT_JSON = re.compile(
    r'"(?:\\.|[^"\\])*(?:"|\\?\Z)|-?\b(?:nan|inf(?:inity)?)\b', re.IGNORECASE | re.DOTALL
)
_BETWEEN = re.compile(r"[\s,]*")
_INSERT = re.compile(r"\s*INSERT\s+INTO\s+\w+\s*\(([^()]*)\)\s*VALUES\s*\(", re.IGNORECASE)
_END = re.compile(r"\)\s*;\s*\Z")


def records(text: str) -> Records:
    """The records of a text of any of the formats. Raises ValueError for one of none of them."""
    start = text.lstrip(_BEFORE)
    if not start:
        return [], [FAILED]
    if start.startswith("["):
        return _json(start)
    if start.startswith("{"):
        return _json_lines(start)
    if re.match(r"(CREATE\s+TABLE|INSERT\s+INTO)\b", start, re.IGNORECASE):
        return _sql(start)
    if re.match(r'"?(build_commit|build_number)"?,', start):
        return _csv(start)
    if start.startswith("|"):
        raise ValueError("it is llama-bench's table, which has too few digits; use -o json")
    raise ValueError("it is neither JSON, JSON Lines, SQL nor CSV as llama-bench writes them")


def is_one_process(text: str) -> bool:
    """Whether all records are of one process: a JSON array is; the other formats can be joined."""
    return text.lstrip(_BEFORE).startswith("[")


def _json(text: str) -> Records:
    try:
        return _objects(_loaded(text))
    except (ValueError, RecursionError):
        text = _finite(text)
    # One by one: what is whole before the break counts.
    decoder, found, place = json.JSONDecoder(), [], 1
    while True:
        between = _BETWEEN.match(text, place)
        try:
            value, place = decoder.raw_decode(text, between.end() if between else place)
        except (ValueError, RecursionError):
            break
        found.append(value)
    if not found:
        return [], [FAILED]
    whole, remarks = _objects(found)
    return whole, [*remarks, BROKEN_OFF]


def _json_lines(text: str) -> Records:
    remarks: list[str] = []
    return _lines(text, remarks), remarks


def _lines(text: str, remarks: list[str]) -> Iterator[dict[str, Any]]:
    """One record after the other, since there may be very many."""
    found, lost = 0, 0
    for number, line in enumerate(_split(text), start=1):
        if not line.strip():
            continue
        try:
            value = _loaded(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            found += 1
            yield value
        else:
            lost += 1
            if lost <= _REMARKS:
                remarks.append(f"line {number} is not whole, or no record")
    if lost > _REMARKS:
        remarks.append(f"and {lost - _REMARKS} more lines")
    if not found:
        remarks.append(FAILED)


def _split(text: str) -> Iterator[str]:
    """The lines, without a copy of all of them; no other separator ends a line of JSON."""
    place = 0
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        yield text[place:end]
        place = end + 1


def _loaded(text: str) -> Any:
    """The value of a JSON text, `nan` and `inf` as C prints them allowed. Raises ValueError."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(_finite(text))


def _objects(values: Any) -> Records:
    listed = values if isinstance(values, list) else [values]
    found = [each for each in listed if isinstance(each, dict)]
    if not found:
        return [], [FAILED]
    lost = len(listed) - len(found)
    return found, [f"{lost} of its {len(listed)} values are no records"] if lost else []


def _finite(text: str) -> str:
    """The text with `-nan` and `inf`, which C prints and JSON has not, as null."""
    return _NOT_JSON.sub(lambda each: each[0] if each[0].startswith('"') else "null", text)


def _sql(text: str) -> Records:
    """One statement a line, its values between quotes that are not escaped."""
    found, lost = [], 0
    for line in text.split("\n"):
        if not line.lstrip().upper().startswith("INS"):
            continue
        start = _INSERT.match(line)
        if not start:
            lost += 1
            continue
        names = [each.strip() for each in start[1].split(",")]
        end = _END.search(line, start.end())
        values = line[start.end() : end.start() if end else None].strip()
        texts = values.removeprefix("'").removesuffix("'").split("', '")
        if end and len(texts) == len(names):
            found.append(dict(zip(names, texts, strict=True)))
        else:
            lost += 1
    if not found:
        return [], [FAILED]
    return found, [BROKEN_OFF] if lost else []


def _csv(text: str) -> Records:
    head: list[str] = []
    found, lost = [], 0
    try:
        for row in csv.reader(io.StringIO(text), strict=True):
            head = head or row
            if len(row) == len(head) and row != head:
                found.append(dict(zip(head, row, strict=True)))
            elif row and row != head:
                lost += 1
    except csv.Error:
        lost += 1
    if not found:
        return [], [FAILED]
    return found, [BROKEN_OFF] if lost else []
