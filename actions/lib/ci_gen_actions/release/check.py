"""Whether a record is one: its form, and what follows from its own parts. Pure.

The form is that of docs/schemas/release.schema.json, checked here without a library, since
what deploys reads records on a bare Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from ..core.errors import UsageError
from ..core.oci_reference import parse_reference
from ..core.result import Verdict
from .record import SCHEMA, Record, identity, tests_passed, verdict_of

Test = Callable[[Any], bool]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_COMMIT = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_VERDICTS = {each.value for each in Verdict}


def parse(data: bytes, shown: str) -> Record:
    """The record that the bytes hold, of good form. Raises UsageError, naming every fault."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown} is no release record", why=f"no JSON: {error}") from None
    found = list(form(value))
    if found:
        raise UsageError(f"{shown} is no release record", why="\n       ".join(found))
    return cast("Record", value)


def problems(record: Record) -> Iterator[str]:
    """What in a record of good form contradicts the rest of it."""
    parts = record["identity"]
    made = identity(*(parts[name] for name in _IDENTITY if name != "digest"))
    if made != dict(parts):
        yield f"identity.digest is {parts['digest']}, and its parts give {made['digest']}"
    image = record["image"]
    if parts["image"] != (image["digest"] or image["id"]):
        yield f"identity.image is {parts['image']}, and the image is {image['digest']}"
    yield from _reference(image)
    expected = verdict_of(record["evidence"], record["missing"]).value
    if record["verdict"] != expected:
        yield f"verdict is {record['verdict']}, and the evidence gives {expected}"
    if dict(record["tests_passed"]) != tests_passed(record["evidence"]):
        yield "tests_passed is not what the evidence gives"
    stages = [each["stage"] for each in record["evidence"]]
    if stages != sorted(set(stages)):
        yield "evidence is not one of each stage, sorted"
    for each in record["evidence"]:
        if each["reused_from"] is None and each["commit"] != record["commit"]:
            yield f"evidence {each['stage']} is of commit {each['commit']} and not marked as reused"


def _reference(image: Mapping[str, Any]) -> Iterator[str]:
    if image["reference"] is None:
        return
    try:
        digest = parse_reference(image["reference"]).digest
    except UsageError as error:
        yield f"image.reference: {error.why}"
        return
    if digest != image["digest"]:
        yield f"image.digest is {image['digest']}, and image.reference names {digest or 'none'}"


def form(value: Any) -> Iterator[str]:
    """What in the value has not the form of a record; nothing for a good one."""
    if not isinstance(value, dict):
        yield "it is no JSON object"
        return
    # A later schema may have other keys: that is the one thing to say of it.
    if value.get("schema") != SCHEMA or isinstance(value.get("schema"), bool):
        yield f"schema is {str(value.get('schema'))[:40]}, and this ci-gen knows {SCHEMA}"
        return
    yield from _object("", value, _RECORD)


def _object(place: str, value: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place or 'the record'} is no object"
        return
    start = f"{place}." if place else ""
    yield from (f"{start}{name} is missing" for name in fields if name not in value)
    yield from (f"{start}{str(name)[:40]} is unknown" for name in value if name not in fields)
    for name, test in fields.items():
        if name in value:
            yield from _field(f"{start}{name}", value[name], test)


def _field(place: str, value: Any, test: Any) -> Iterator[str]:
    if isinstance(test, dict):
        yield from _object(place, value, test)
    elif isinstance(test, list):
        if not isinstance(value, list):
            yield f"{place} is no list"
            return
        for number, each in enumerate(value):
            yield from _field(f"{place}[{number}]", each, test[0])
    elif not test(value):
        yield f"{place} is {json.dumps(value)[:80]}, which it cannot be"


def _text(pattern: re.Pattern[str] | None = None) -> Test:
    return lambda value: (
        isinstance(value, str) and (pattern is None or pattern.fullmatch(value) is not None)
    )


def _or_none(test: Test) -> Test:
    return lambda value: value is None or test(value)


def _one_of(values: Iterable[str]) -> Test:
    return lambda value: isinstance(value, str) and value in values


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def _origin(value: Any) -> bool:
    fields = {"record": _text(_DIGEST), "commit": _text(_COMMIT)}
    return value is None or not list(_object("", value, fields))


def _flag(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_IDENTITY = {
    "image": _text(_DIGEST),
    "model": _or_none(_text(_DIGEST)),
    "server_arguments": _or_none(_text(_DIGEST)),
    "chat_template": _or_none(_text(_DIGEST)),
    "digest": _text(_DIGEST),
}
_IMAGE = {
    "reference": _or_none(_text()),
    "digest": _or_none(_text(_DIGEST)),
    "id": _or_none(_text(_DIGEST)),
    "platforms": [_text()],
    "size": _size,
    "sbom": _or_none(_text(_DIGEST)),
}
_EVIDENCE = {
    "stage": _text(_NAME),
    "action": _text(_NAME),
    "job": _text(),
    "service": _text(),
    "commit": _text(_COMMIT),
    "verdict": _one_of(_VERDICTS),
    "started": _text(_TIME),
    "sha256": _text(_DIGEST),
    "inputs": _texts,
    "reused_from": _origin,
}
_RECORD = {
    "schema": lambda value: value == SCHEMA,
    "service": _text(),
    "variant": _text(_NAME),
    "version": _text(),
    "commit": _text(_COMMIT),
    "created": _text(_TIME),
    "identity": _IDENTITY,
    "image": _IMAGE,
    "config": _or_none(_text(_DIGEST)),
    "packages": [{"stage": _text(_NAME), "sha256": _text(_DIGEST)}],
    "evidence": [_EVIDENCE],
    "missing": [_text(_NAME)],
    "tests_passed": {"quality": _flag, "performance": _flag, "security": _flag},
    "verdict": _one_of(_VERDICTS),
}
