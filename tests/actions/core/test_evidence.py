from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator, ValidationError
from tests.support.actions import ROOT

from ci_gen_actions.core.evidence import Evidence, started_text
from ci_gen_actions.core.result import Verdict

SCHEMA = json.loads((ROOT / "docs" / "schemas" / "evidence.schema.json").read_text())


def sample() -> dict[str, object]:
    return {
        "schema": 1,
        "stage": "build-cpu-llama",
        "action": "build",
        "job": "build-cpu-llama",
        "service": "llama",
        "commit": "",
        "verdict": "PASS",
        "started": started_text(1_767_225_600.9),
        "seconds": 0.25,
        "inputs": {},
        "outputs": {},
        "findings": {"any": ["thing"]},
        "tools": {},
    }


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_and_the_code_name_the_same_fields_and_verdicts() -> None:
    assert set(SCHEMA["properties"]) == set(SCHEMA["required"]) == set(Evidence.__annotations__)
    assert set(SCHEMA["properties"]["verdict"]["enum"]) == {each.value for each in Verdict}


def test_good_evidence_is_taken() -> None:
    Draft202012Validator(SCHEMA).validate(sample())
    assert sample()["started"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "GREEN"},
        {"schema": 2},
        {"stage": "../x"},
        {"commit": "main"},
        {"seconds": -1},
        {"started": "yesterday"},
        {"inputs": {"a": 1}},
        {"more": 1},
    ],
)
def test_wrong_evidence_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate({**sample(), **wrong})
