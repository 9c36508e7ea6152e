from __future__ import annotations

from dataclasses import dataclass

import pytest

from ci_gen_actions.core.options import (
    declarations,
    option,
    output,
    package_of,
    prefix,
    texts,
    to_text,
    variable,
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    cmake_args: tuple[str, ...] = option(doc="Arguments", default=("-DA=1", "-DB=2"))
    jobs: int = option(doc="Jobs", default=2, minimum=1, maximum=64)
    kind: str = option(doc="Kind", default="", choices=("", "cpu", "cuda"))
    service: str = option(doc="Service")


@dataclass(frozen=True, kw_only=True)
class Told:
    verdict: str = output(doc="The verdict")
    package_size: int = output(doc="Bytes", default=0)
    ok: bool = output(doc="Whether", default=False)


def test_a_field_declares_name_kind_default_and_need() -> None:
    by_name = {each.name: each for each in declarations(Sample)}
    assert list(by_name) == ["cmake-args", "jobs", "kind", "service"]
    assert by_name["cmake-args"].kind == "lines"
    assert by_name["cmake-args"].multiline
    assert by_name["cmake-args"].default_text == "-DA=1\n-DB=2"
    assert by_name["service"].required
    assert by_name["service"].default_text == ""
    assert not by_name["jobs"].required


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("jobs", "a whole number from 1 to 64"),
        ("kind", '"", cpu, cuda'),
        ("service", ""),
        ("cmake-args", ""),
    ],
)
def test_what_is_allowed_in_words(field: str, words: str) -> None:
    assert {each.name: each.allowed for each in declarations(Sample)}[field] == words


def test_open_ranges_and_patterns_in_words() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Open:
        least: float = option(doc="d", default=0.0, minimum=0.5)
        most: float = option(doc="d", default=0.0, maximum=9)
        free: float = option(doc="d", default=0.0)
        flag: bool = option(doc="d", default=False)
        sha: str = option(doc="d", default="", pattern="[0-9a-f]+")

    # `from __future__ import annotations` hides local classes from nobody: the types are builtins.
    allowed = [each.allowed for each in declarations(Open)]
    assert allowed == [
        "a number, at least 0.5",
        "a number, at most 9",
        "a number",
        "true, false",
        "text that matches [0-9a-f]+",
    ]


def test_a_field_without_a_declaration_is_a_mistake_of_the_action() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Bare:
        name: str = "x"

    with pytest.raises(TypeError, match="field name was not made by option"):
        declarations(Bare)


def test_a_type_that_no_input_can_carry_is_a_mistake_of_the_action() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Odd:
        names: list[str] = option(doc="d", default=None)

    with pytest.raises(TypeError, match=r"field names: .* is no type of an option"):
        declarations(Odd)


def test_names_of_variables_and_packages() -> None:
    assert variable("build", "cmake-args") == "CI_GEN_BUILD_CMAKE_ARGS"
    assert variable("build-python", "service") == "CI_GEN_BUILD_PYTHON_SERVICE"
    assert prefix("quick-checks") == "CI_GEN_QUICK_CHECKS_"
    assert package_of("build-python") == "build_python"


def test_outputs_become_texts() -> None:
    told = texts(Told(verdict="PASS", package_size=12, ok=True))
    assert told == {"verdict": "PASS", "package-size": "12", "ok": "true"}
    assert to_text(False) == "false"
    assert to_text(("a", "b")) == "a\nb"
