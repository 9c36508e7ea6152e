"""The JSON Schema: what it accepts the reader accepts, and the other way round."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import regress
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.configs import config_of, document_text
from tests.support.drawn import documents, near_misses

from ci_gen.config.model import Config
from ci_gen.config.model_config import ModelConfig
from ci_gen.config.model_config import schema_text as model_schema_text
from ci_gen.config.reader import read
from ci_gen.config.schema import plain, schema, schema_text
from ci_gen.errors import ConfigError

DOCS = Path(__file__).parents[3] / "docs" / "schemas"
FILE = "ci-gen.yaml"


@cache
def _ecma(pattern: str) -> regress.Regex:
    return regress.Regex(pattern, "u")


def _pattern(validator: Any, pattern: str, value: Any, _: Any) -> Iterator[Any]:
    """JSON Schema's patterns are those of ECMAScript, where `$` is the very end."""
    if isinstance(value, str) and not _ecma(pattern).find(value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})
VALIDATOR = Validator(schema())


def valid(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(document))


def test_the_committed_schemas_are_current() -> None:
    assert (DOCS / "config.schema.json").read_text("utf-8") == schema_text()
    assert (DOCS / "model-config.schema.json").read_text("utf-8") == model_schema_text()


def test_the_schemas_are_schemas() -> None:
    for text in (schema_text(), model_schema_text()):
        jsonschema.Draft202012Validator.check_schema(json.loads(text))
        assert text.isascii()


def patterns(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "pattern" and isinstance(value, str):
                yield value
            else:
                yield from patterns(value)


def test_every_pattern_is_one_in_every_editor() -> None:
    found = {*patterns(schema()), *patterns(json.loads(model_schema_text()))}
    assert len(found) > 10
    for pattern in found:
        re.compile(pattern)
        regress.Regex(pattern, "u")


@given(documents())
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_the_reader_accepts_what_the_schema_accepts(document: dict[str, Any]) -> None:
    assert valid(document)
    try:
        config = read(document_text(document), Config, FILE)
    except ConfigError as error:
        # That two items of a list have one name is beyond a schema.
        assert all("stands twice" in problem.message for problem in error.problems), error
    else:
        assert valid(plain(config))


@given(near_misses())
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_the_reader_refuses_what_the_schema_refuses(document: dict[str, Any]) -> None:
    try:
        config = config_of(document)
    except ConfigError:
        return
    # A number is a text, too, where a text is wanted.
    assert valid({"version": 1, **document}) or valid(plain(config))


@given(
    st.text(
        st.one_of(st.sampled_from('ab/.-$*{}@~!:\n 0\\"<|'), st.characters(codec="utf-8")),
        max_size=8,
    )
)
@settings(deadline=None)
def test_texts_are_judged_alike(text: str) -> None:
    documents = (
        {"name": text},
        {"default_branch": text},
        {"triggers": {"tags": [text]}},
        {"paths": {"ignore": [text]}},
        {"services": [{"name": "a", "path": text}]},
        {"services": [{"name": "a", "cmake_args": [text]}]},
        {"services": [{"name": "a", "ctest": {"include": text}}]},
        {"codeowners": [text]},
        {"files": {text: "a"}},
        {"files": {"a": text}},
        {"cuda": {"variants": [{"name": "a", "toolkit": text}]}},
    )
    for document in documents:
        try:
            config_of(document)
            accepted = True
        except ConfigError:
            accepted = False
        assert accepted == valid({"version": 1, **document}), document


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"version": 2},
        {"version": 1, "nmae": "a"},
        {"version": 1, "platforms": []},
        {"version": 1, "name": "a\n"},
        {"version": 1, "services": [{"path": "."}]},
        {"version": 1, "paths": {"ignore": ["a", "a"]}},
        {"version": 1, "files": {"a": ""}},
    ],
)
def test_what_both_refuse(document: dict[str, Any]) -> None:
    assert not valid(document)
    with pytest.raises(ConfigError):
        read(document_text(document), Config, FILE)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "temperature": st.floats(0, 10),
            "top_p": st.floats(0, 1),
            "max_tokens": st.integers(1, 1 << 24),
        }
    )
)
def test_the_model_config_takes_every_number_in_its_limits(inference: dict[str, float]) -> None:
    document = {"model": {"name": "a"}, "inference": inference}
    read_back = read(document_text(document), ModelConfig, FILE)
    assert plain(read_back.inference) == inference
