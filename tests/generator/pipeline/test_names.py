"""Detected names are held to what the config's are held to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.configs import config_of
from tests.support.facts import cmake_project, facts, python_project

from ci_gen.detect.model import Facts, PytestSuite, SuiteKind
from ci_gen.errors import ConfigError
from ci_gen.pipeline.settings import settle

PYTHON = python_project()
assert PYTHON.python is not None
INNER = PYTHON.python


def suite(path: str) -> PytestSuite:
    return replace(PYTHON.pytest[0], path=path, kind=SuiteKind.UNIT)


def told(seen: Facts, document: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as raised:
        settle(config_of(document or {}), seen)
    return str(raised.value)


@pytest.mark.parametrize(
    ("seen", "message", "remedy"),
    [
        (replace(facts(), name="a b"), 'the name "a b"', "set name"),
        (replace(facts(), name="x" * 2000), 'the name "xxx', "set name"),
        (replace(facts(), default_branch="a'b"), "the branch", "set default_branch"),
        (replace(facts(), default_branch="a\nb"), 'the branch "a\\u000ab"', "set default_branch"),
        (facts(cmake_project(name="ünder")), "the service", "rename it"),
        (facts(cmake_project(path="a\x1bb")), 'the folder "a\\u001bb"', "rename it"),
        (
            facts(replace(PYTHON, pytest=(suite("a\nb"),))),
            "the entry of pytest.unit",
            "pytest.unit",
        ),
        (
            facts(replace(PYTHON, python=replace(INNER, requirements=("${{ x }}",)))),
            "the entry of pytest.requirements",
            "or set pytest.requirements of service",
        ),
        (
            facts(replace(PYTHON, python=replace(INNER, extras=("a,b",)))),
            "the entry of pytest.extras",
            "pytest.extras",
        ),
        (
            facts(replace(PYTHON, python=replace(INNER, groups=("a b",)))),
            "the entry of pytest.groups",
            "pytest.groups",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(
    seen: Facts, message: str, remedy: str
) -> None:
    text = told(seen)
    assert message in text
    assert remedy in text
    assert "was detected and cannot be used" in text


def test_the_remedies_help() -> None:
    seen = replace(facts(cmake_project(name="ünder")), name="a b", default_branch="a'b")
    document = {"name": "a", "default_branch": "b", "services": [{"name": "c"}]}
    assert settle(config_of(document), seen).name == "a"
    broken = facts(replace(PYTHON, pytest=(suite("a\nb"),)))
    settle(config_of({"services": [{"name": "s", "pytest": {"unit": []}}]}), broken)


ONE = {"name": "a", "kind": "cmake"}
VARIANTS = {"enabled": True, "variants": [{"name": "cpu"}]}


@pytest.mark.parametrize(
    "document",
    [
        {"services": [ONE], "cuda": VARIANTS},
        {
            "services": [ONE, {"name": "a-b", "kind": "cmake"}],
            "cuda": {"enabled": True, "variants": [{"name": "b-c"}, {"name": "c"}]},
        },
    ],
)
def test_no_two_packages_of_one_name(document: dict[str, Any]) -> None:
    text = told(facts(), document)
    assert "2 builds would leave a package of the name" in text
    assert "give a service or a CUDA variant another name" in text


def test_detected_services_collide_too() -> None:
    seen = facts(cmake_project(name="a"), cmake_project(name="a", path="b"))
    assert 'package of the name "a-cpu"' in told(seen)


@pytest.mark.parametrize(
    "document",
    [
        {"services": [ONE], "cuda": {**VARIANTS, "enabled": False}},
        {"services": [{**ONE, "cuda": False}], "cuda": VARIANTS},
        {"services": [{**ONE, "kind": "python"}], "cuda": VARIANTS},
    ],
)
def test_variants_that_are_not_built_collide_with_nothing(document: dict[str, Any]) -> None:
    assert settle(config_of(document), facts()).services
