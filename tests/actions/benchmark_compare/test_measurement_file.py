from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.support.actions import ROOT
from tests.support.benchmarks import measurement

from ci_gen_actions.benchmark_compare import measurement_file
from ci_gen_actions.benchmark_compare.measurement_file import Round, parse, processes, to_json
from ci_gen_actions.core.errors import UsageError

SCHEMA = Draft202012Validator(
    json.loads((ROOT / "docs" / "schemas" / "benchmark.schema.json").read_text("utf-8"))
)


def told(value: Any) -> str:
    with pytest.raises(UsageError) as caught:
        parse(json.dumps(value).encode(), "m.json")
    return caught.value.why


def whole() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(to_json(measurement({"pp64": 0.0}, rounds=2, control=True)))
    return value


def test_what_is_written_is_read() -> None:
    given = measurement({"pp64": 0.0, "tg16": 0.1}, rounds=3, control=True, source="m.json")
    assert parse(to_json(given).encode(), "m.json") == given


def test_what_is_written_meets_the_schema() -> None:
    SCHEMA.validate(whole())
    real = to_json(measurement({"pp64": 0.0}, rounds=2))
    SCHEMA.validate(json.loads(real))


def test_processes_stand_round_by_round() -> None:
    given = measurement({"pp64": 0.0}, rounds=3)
    found = processes(given, "baseline", "pp64")
    assert [each is not None and each.build for each in found] == ["a"] * 3
    assert processes(given, "control", "pp64") == [None] * 3
    discarded = (*given.rounds, Round(order=(), samples={}, discarded="hot"))
    more = measurement({"pp64": 0.0}, rounds=3)
    more = type(more)(**{**vars(more), "rounds": discarded})
    assert len(processes(more, "baseline", "pp64")) == 3


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schema": 2}, "schema is 2"),
        ({"schema": True}, "schema is True"),
        ({"benchmarks": []}, "benchmarks is no object"),
        ({"arms": {"baseline": {}}}, "arms must be"),
        ({"arms": {"baseline": {}, "current": {}, "other": {}}}, "arms must be"),
        ({"arms": {"baseline": {"x": ""}, "current": {}}}, "unknown key 'x'"),
        ({"rounds": {}}, "rounds is no list"),
        ({"looks": [5, 5]}, "looks must be rising"),
        ({"looks": [1]}, "looks must be rising"),
        ({"looks": ["5"]}, "looks must be rising"),
        ({"environment": {"cpu": 1}}, "environment.cpu is no text"),
        ({"benchmarks": {"a": {"name": "a", "metric": "m", "unit": ""}}}, "unit is no text"),
        (
            {"benchmarks": {"a": {"name": "a", "metric": "m", "unit": "s", "better": "more"}}},
            "better must be lower or higher",
        ),
    ],
)
def test_what_is_wrong_is_told_by_its_place(change: dict[str, Any], why: str) -> None:
    assert why in told({**whole(), **change})


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        ({"third": {}}, "unknown arm 'third'"),
        ({"current": {"x": [1]}}, "unknown benchmark 'x'"),
        ({"current": {"pp64": [0]}}, "holds 0"),
        ({"current": {"pp64": [-1]}}, "holds -1"),
        ({"current": {"pp64": [True]}}, "holds True"),
        ({"current": {"pp64": ["1"]}}, "holds 1"),
        ({"current": {"pp64": 1}}, "is no list"),
    ],
)
def test_what_is_wrong_in_a_round_is_told(samples: Any, why: str) -> None:
    value = whole()
    value["rounds"][1]["samples"] = samples
    text = told(value)
    assert "rounds[1]" in text
    assert why in text


@pytest.mark.parametrize("data", [b"", b"[", b"null", b"[1]", b"[" * 100_000, b"\xff"])
def test_no_measurement_at_all(data: bytes) -> None:
    with pytest.raises(UsageError):
        parse(data, "m.json")


@given(st.data())
def test_damaged_ones_are_refused_or_good(data: st.DataObject) -> None:
    text = bytearray(to_json(measurement({"pp64": 0.0}, rounds=2)).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.integers(0, 255))
    try:
        found = parse(bytes(text), "m.json")
    except UsageError:
        return
    for key in found.benchmarks:
        for each in measurement_file.processes(found, "baseline", key):
            assert each is None or each.value > 0
