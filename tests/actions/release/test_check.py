"""The form of records: the code and the schema say the same; contradictions are named."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.support.actions import ROOT
from tests.support.released import evidence, found, of_image, run_of, sha

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.release import check
from ci_gen_actions.release.record import Given, Record, assemble, to_bytes

SCHEMA = json.loads((ROOT / "docs" / "schemas" / "release.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def sample() -> dict[str, Any]:
    """A record with every part filled, one evidence being reused."""
    inputs = {"package": sha("package cpu-api")}
    (first,) = assemble(found([*run_of(), evidence("load", "pytest", inputs=inputs)]), Given())
    given_ = Given(require=("load", "more"), config=sha("c"), previous=(first,))
    (record,) = assemble(found(run_of()), given_)
    value: dict[str, Any] = json.loads(to_bytes(record))
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything in a value."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(each for key, part in inner for each in places(part, (*path, key)))]


PLACES = [path for path in places(sample()) if path]
VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        "",
        "x",
        "../x",
        "PASS",
        "sha256:12",
        sha("a"),
        [],
        {},
        ["x"],
        "a" * 200,
    ]
)


def changed(path: tuple[Any, ...], value: Any, *, remove: bool) -> dict[str, Any]:
    record = sample()
    inner: Any = record
    for key in path[:-1]:
        inner = inner[key]
    if remove:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return record


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == set(Record.__annotations__)


def test_a_good_record() -> None:
    VALIDATOR.validate(sample())
    assert check.parse(json.dumps(sample()).encode(), "r.json") == sample()
    assert list(check.problems(check.parse(json.dumps(sample()).encode(), "r.json"))) == []


@given(st.sampled_from(PLACES), VALUES, st.booleans())
def test_the_code_and_the_schema_agree(path: tuple[Any, ...], value: Any, remove: bool) -> None:
    record = changed(path, value, remove=remove)
    assert VALIDATOR.is_valid(record) is (list(check.form(record)) == []), path


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"null", b"\xff", b'{"schema": 2}', b"[" * 9999]
)
def test_what_is_no_record(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"r\.json is no release record"):
        check.parse(data, "r.json")


def test_every_fault_is_named_with_its_place() -> None:
    record = sample()
    record["image"]["size"] = -1
    record["evidence"][1]["verdict"] = "GREEN"
    record["more"] = 1
    del record["created"]
    with pytest.raises(UsageError) as caught:
        check.parse(json.dumps(record).encode(), "r.json")
    text = str(caught.value)
    for place in (
        "image.size is -1",
        'evidence[1].verdict is "GREEN"',
        "more is unknown",
        "created is missing",
    ):
        assert place in text


def _verdict(record: dict[str, Any]) -> None:
    record["verdict"] = "PASS"


def _model(record: dict[str, Any]) -> None:
    record["identity"]["model"] = sha("another")


def _digest(record: dict[str, Any]) -> None:
    record["image"]["digest"] = sha("another")


def _evidence(record: dict[str, Any]) -> None:
    record["evidence"][0]["verdict"] = "FAIL"


def _security(record: dict[str, Any]) -> None:
    record["tests_passed"]["security"] = None


def _reference(record: dict[str, Any]) -> None:
    record["image"]["reference"] = "host.io/team/api:latest"


def _order(record: dict[str, Any]) -> None:
    record["evidence"].reverse()


def _not_marked(record: dict[str, Any]) -> None:
    record["evidence"][0]["commit"] = "b" * 40


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_verdict, "verdict is PASS, and the evidence gives NO_DATA"),
        (_model, "identity.digest is"),
        (_digest, "identity.image is"),
        (_evidence, "and the evidence gives FAIL"),
        (_security, "tests_passed is not"),
        (_reference, "image.reference names none"),
        (_order, "evidence is not one of each stage, sorted"),
        (_not_marked, "and not marked as reused"),
    ],
)
def test_contradictions_within_a_record(change: Any, expected: str) -> None:
    record = copy.deepcopy(sample())
    change(record)
    parsed = check.parse(json.dumps(record).encode(), "r.json")
    assert any(expected in problem for problem in check.problems(parsed))


def test_an_image_without_a_registry_has_the_form_too() -> None:
    (record,) = assemble(found(run_of(of_image(pushed=False))), Given())
    VALIDATOR.validate(json.loads(to_bytes(record)))
