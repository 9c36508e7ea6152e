"""Reading measured durations."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen.errors import UsageError
from ci_gen.pipeline.durations import parse


def test_a_table_of_jobs() -> None:
    assert parse('{"build": 12, "test": 0.5}', "d.json") == {"build": 12.0, "test": 0.5}


def test_evidence_names_its_stage() -> None:
    evidence = {"schema": 1, "stage": "build-cpu", "verdict": "PASS", "seconds": 3.25}
    assert parse(json.dumps(evidence), "e.json") == {"build-cpu": 3.25}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", r"d\.json: is not JSON: .*line 1"),
        ("[]", "holds a list instead of an object"),
        ("null", "holds null"),
        ("3", "holds a number"),
        ('{"a": "1"}', r'd\.json: "a" is a text instead of a number of seconds'),
        ('{"a": true}', "is a truth value"),
        ('{"a": null}', "is null"),
        ('{"a": {}}', "is an object"),
        ('{"a": -1}', "is -1, which is no plausible number"),
        ('{"a": NaN}', "is nan"),
        ('{"a": 1e99}', r"is 1e\+99"),
        ('{"stage": "a"}', '"seconds" is null'),
    ],
)
def test_what_is_no_duration_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse(text, "d.json")
    assert caught.value.hint.startswith("Give ")


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text, "x")
    except UsageError:
        return
    assert all(seconds >= 0 for seconds in found.values())
