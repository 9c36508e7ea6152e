"""The file of further requests: JSON, read strictly. Pure but for `read`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..core.errors import UsageError
from ..core.reading import nearest
from .address import is_path
from .expect import TESTS, TYPES, Condition, Expected, steps
from .http import Request

FILE_BYTES = 1 << 20
MOST = 200
"""More requests are a load test."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,79}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\t -~]{0,1000}")
_SET_HERE = ("authorization", "host", "content-length", "transfer-encoding", "connection")


@dataclass(frozen=True, kw_only=True)
class Further:
    """One request of the file. `key` tells whether the API key is sent with it."""

    name: str
    request: Request
    expected: Expected
    key: bool = True
    repeat: int = 1


def read(path: Path, shown: str) -> tuple[Further, ...]:
    """The requests of a file. Raises UsageError, with the line where the JSON is broken."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"the file of requests cannot be read: {error.strerror}",
            where=f"input requests: {shown}",
            next="give its path from the root of the checkout, and check the file out first",
        ) from None
    if len(data) > FILE_BYTES:
        raise UsageError(f"{shown} is larger than 1 MiB", where="input requests")
    return parse(data, shown)


def parse(data: bytes, shown: str) -> tuple[Further, ...]:
    """The requests of a text. Raises UsageError."""
    try:
        told = json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{shown} is no JSON: {error.msg}",
            where=f"{shown}:{error.lineno}:{error.colno}",
            next="correct it; comments and trailing commas are not JSON",
            file=shown,
            line=error.lineno,
        ) from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{shown} cannot be read: {why}", where=shown, file=shown) from None
    reader = _Reader(shown)
    reader.keys(told, "the file", ("version", "requests"))
    if told.get("version") != 1:
        reader.wrong("version", "must be 1")
    listed = told.get("requests")
    if not isinstance(listed, list) or len(listed) > MOST:
        reader.wrong("requests", f"must be a list of at most {MOST}")
    found = tuple(reader.request(each, f"requests[{at}]") for at, each in enumerate(listed))
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            reader.wrong("requests", f"the name {name!r} is there twice")
    return found


class _Reader:
    """Turns the file's JSON into requests; every mistake names its place."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def wrong(self, where: str, why: str) -> NoReturn:
        raise UsageError(
            f"{self.shown}: {where}: {why}",
            where=f"{self.shown}, {where}",
            next="actions/smoke-test/README.md describes the file",
            file=self.shown,
        )

    def keys(self, value: Any, where: str, known: Iterable[str]) -> None:
        if not isinstance(value, dict):
            self.wrong(where, "must be an object")
        names = list(known)
        for key in value:
            if key not in names:
                near = nearest(str(key), names)
                hint = f" - did you mean {near}?" if near else f"; known: {', '.join(names)}"
                self.wrong(where, f"has no key {str(key)[:60]!r}{hint}")

    def request(self, value: Any, where: str) -> Further:
        known = ("name", "method", "path", "headers", "body", "text", "key", "repeat", "expect")
        self.keys(value, where, known)
        name = self.text(value, where, "name", _NAME)
        method = value.get("method", "GET")
        if method not in METHODS:
            self.wrong(f"{where}.method", f"must be one of {', '.join(METHODS)}")
        path = value.get("path")
        if not isinstance(path, str) or not path.startswith("/") or not is_path(path):
            self.wrong(f"{where}.path", "must begin with one / and hold what a URL may hold")
        body, headers = self.body(value, where)
        headers.update(self.headers(value.get("headers", {}), f"{where}.headers"))
        return Further(
            name=name,
            request=Request(method=method, path=path, headers=headers, body=body),
            expected=self.expected(value.get("expect", {}), f"{where}.expect"),
            key=self.flag(value, where, "key", True),
            repeat=int(self.number(value, where, "repeat", 1, (1, 100), whole=True)),
        )

    def body(self, value: Mapping[str, Any], where: str) -> tuple[bytes | None, dict[str, str]]:
        if "body" in value and "text" in value:
            self.wrong(where, "has both body and text")
        if "body" in value:
            return json.dumps(value["body"]).encode(), {"Content-Type": "application/json"}
        if "text" not in value:
            return None, {}
        if not isinstance(value["text"], str):
            self.wrong(f"{where}.text", "must be a text")
        return value["text"].encode("utf-8", "replace"), {"Content-Type": "text/plain"}

    def headers(self, value: Any, where: str) -> dict[str, str]:
        if not isinstance(value, dict):
            self.wrong(where, "must be an object")
        for name, text in value.items():
            if not _HEADER.fullmatch(name):
                self.wrong(where, f"{name[:60]!r} cannot name a header")
            if name.lower() in _SET_HERE:
                self.wrong(where, f"{name} is set by the action; a key is given as api-key")
            if not isinstance(text, str) or not _VALUE.fullmatch(text):
                self.wrong(f"{where}.{name}", "must be a text of printable ASCII")
        return dict(value)

    def expected(self, value: Any, where: str) -> Expected:
        known = ("status", "content_type", "contains", "lacks", "json", "max_ms")
        self.keys(value, where, known)
        status = value.get("status", 200)
        listed = status if isinstance(status, list) else [status]
        if not listed or not all(_whole(each) and 100 <= each <= 599 for each in listed):
            self.wrong(f"{where}.status", "must be a status from 100 to 599, or a list of them")
        conditions = value.get("json", [])
        if not isinstance(conditions, list):
            self.wrong(f"{where}.json", "must be a list")
        kind = value.get("content_type", "")
        if not isinstance(kind, str):
            self.wrong(f"{where}.content_type", "must be a text")
        return Expected(
            status=tuple(listed),
            content_type=kind,
            contains=self.texts(value, where, "contains"),
            lacks=self.texts(value, where, "lacks"),
            json=tuple(
                self.condition(each, f"{where}.json[{at}]") for at, each in enumerate(conditions)
            ),
            max_ms=self.number(value, where, "max_ms", 0, (1, 3_600_000)),
        )

    def condition(self, value: Any, where: str) -> Condition:
        self.keys(value, where, ("path", "exists", *TESTS))
        path = value.get("path")
        if not isinstance(path, str):
            self.wrong(f"{where}.path", 'must be a path such as choices[0].message["content"]')
        try:
            found = steps(path)
        except ValueError as error:
            self.wrong(f"{where}.path", str(error))
        tests = {key: each for key, each in value.items() if key != "path"}
        exists = self.flag(value, where, "exists", True)
        if not exists and len(tests) > 1:
            self.wrong(where, "what must not be there can have no other test")
        if "type" in tests and tests["type"] not in TYPES:
            self.wrong(f"{where}.type", f"must be one of {', '.join(TYPES)}")
        if "contains" in tests and not isinstance(tests["contains"], str):
            self.wrong(f"{where}.contains", "must be a text")
        for name in ("min", "max", "min_length"):
            if name in tests and not _number(tests[name]):
                self.wrong(f"{where}.{name}", "must be a number")
        return Condition(path=path, steps=found, tests=tests)

    def texts(self, value: Mapping[str, Any], where: str, key: str) -> tuple[str, ...]:
        found = value.get(key, [])
        listed: Sequence[Any] = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            self.wrong(f"{where}.{key}", "must be a text or a list of texts")
        return tuple(listed)

    def text(self, value: Mapping[str, Any], where: str, key: str, pattern: re.Pattern[str]) -> str:
        found = value.get(key)
        if not isinstance(found, str) or not pattern.fullmatch(found):
            self.wrong(f"{where}.{key}", f"must be a text that matches {pattern.pattern}")
        return found

    def flag(self, value: Mapping[str, Any], where: str, key: str, default: bool) -> bool:
        found = value.get(key, default)
        if not isinstance(found, bool):
            self.wrong(f"{where}.{key}", "must be true or false")
        return found

    def number(
        self,
        value: Mapping[str, Any],
        where: str,
        key: str,
        default: float,
        limits: tuple[float, float],
        *,
        whole: bool = False,
    ) -> float:
        if key not in value:
            return default
        found = value[key]
        if not (_whole(found) if whole else _number(found)) or not limits[0] <= found <= limits[1]:
            noun = "a whole number" if whole else "a number"
            self.wrong(f"{where}.{key}", f"must be {noun} from {limits[0]:g} to {limits[1]:g}")
        return float(found)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} is there twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
