from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.errors import OptionsError
from ci_gen_actions.core.options import declarations, option, to_text, variable
from ci_gen_actions.core.reading import parse_flags, read, unknown_variables


@dataclass(frozen=True, kw_only=True)
class Sample:
    args: tuple[str, ...] = option(doc="Arguments", default=())
    jobs: int = option(doc="Jobs", default=2, minimum=1, maximum=64)
    ratio: float = option(doc="Ratio", default=0.5, minimum=0, maximum=1)
    kind: str = option(doc="Kind", default="cpu", choices=("cpu", "cuda"))
    ctest: bool = option(doc="Whether", default=True)
    text: str = option(doc="Text", default="", multiline=True)
    token: str = option(doc="Token", default="", secret=True, pattern="[a-z]+")
    service: str = option(doc="Service", default="main")


def problems(environ: dict[str, str], arguments: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(OptionsError) as caught:
        read(Sample, "sample", environ, arguments)
    return [str(each) for each in caught.value.problems]


def test_nothing_given_is_the_defaults() -> None:
    assert read(Sample, "sample", {}) == Sample()


def test_an_empty_value_is_the_default() -> None:
    empty = {variable("sample", each.name): " " for each in declarations(Sample)}
    assert read(Sample, "sample", empty) == Sample()


def test_the_environment_is_read() -> None:
    environ = {
        "CI_GEN_SAMPLE_ARGS": "  -DA=1\n\n-DB=a b  \n",
        "CI_GEN_SAMPLE_JOBS": " 8 ",
        "CI_GEN_SAMPLE_RATIO": "0.25",
        "CI_GEN_SAMPLE_KIND": "cuda",
        "CI_GEN_SAMPLE_CTEST": "False",
        "CI_GEN_SAMPLE_TEXT": "a\nb",
        "CI_GEN_SAMPLE_TOKEN": "secret",
    }
    assert read(Sample, "sample", environ) == Sample(
        args=("-DA=1", "-DB=a b"),
        jobs=8,
        ratio=0.25,
        kind="cuda",
        ctest=False,
        text="a\nb",
        token="secret",
    )


def test_a_flag_wins_over_the_environment() -> None:
    environ = {"CI_GEN_SAMPLE_JOBS": "8", "CI_GEN_SAMPLE_ARGS": "-DX"}
    got = read(Sample, "sample", environ, ("--jobs", "3", "--args=-DA", "--args", "-DB"))
    assert (got.jobs, got.args) == (3, ("-DA", "-DB"))


@pytest.mark.parametrize(
    ("flags", "value"),
    [
        (("--ctest",), True),
        (("--no-ctest",), False),
        (("--ctest=false",), False),
        (("--ctest=on",), True),
        (("--no-ctest", "--ctest"), True),
    ],
)
def test_a_boolean_flag(flags: tuple[str, ...], value: bool) -> None:
    assert read(Sample, "sample", {}, flags).ctest is value


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("JOBS", "many", "is not a whole number; allowed: a whole number from 1 to 64"),
        ("JOBS", "0", "is too small"),
        ("JOBS", "65", "is too large"),
        ("RATIO", "nan", "is not a finite number"),
        ("RATIO", "x", "is not a number"),
        ("KIND", "cdua", "is not one of the choices; allowed: cpu, cuda - did you mean cuda?"),
        ("CTEST", "ture", "is neither true nor false; allowed: true, false - did you mean true?"),
        ("SERVICE", "a\nb", "holds more than one line"),
        ("SERVICE", "a\0b", "holds a NUL character"),
        ("TOKEN", "A1", "does not have the right form"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, text: str, said: str) -> None:
    (problem,) = problems({f"CI_GEN_SAMPLE_{name}": text})
    assert f"CI_GEN_SAMPLE_{name}" in problem
    assert said in problem
    if name != "TOKEN":
        assert repr(text) in problem


def test_every_wrong_value_is_reported_at_once() -> None:
    found = problems({"CI_GEN_SAMPLE_JOBS": "x", "CI_GEN_SAMPLE_KIND": "y"}, ("--ratio", "7"))
    assert [each.split(" ")[0] for each in found] == ["jobs", "ratio", "kind"]


def test_a_secret_is_never_shown() -> None:
    (problem,) = problems({"CI_GEN_SAMPLE_TOKEN": "HUSH-4711"})
    assert "HUSH" not in problem


def test_a_secret_is_not_taken_from_the_command_line() -> None:
    for flags in (("--token", "hush"), ("--token=hush",)):
        (problem,) = problems({}, flags)
        assert "give it in the environment" in problem
        assert "hush" not in problem


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--job", "3"), "is no flag of this action - did you mean --jobs?"),
        (("jobs",), "is no flag of this action - did you mean --jobs?"),
        (("--zzz=1",), "--zzz (command line): is no flag of this action"),
        (("--jobs",), "jobs (--jobs): has no value"),
        (("--no-jobs",), "is no flag of this action"),
    ],
)
def test_a_wrong_flag(flags: tuple[str, ...], said: str) -> None:
    assert said in "\n".join(problems({}, flags))


def test_a_required_option_must_be_given() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Needy:
        service: str = option(doc="Service")

    with pytest.raises(OptionsError, match="is required and was not given"):
        read(Needy, "needy", {"CI_GEN_NEEDY_SERVICE": ""})
    assert read(Needy, "needy", {"CI_GEN_NEEDY_SERVICE": "x"}).service == "x"


def test_a_mistyped_variable_is_noticed() -> None:
    environ = {"CI_GEN_SAMPLE_JOB": "1", "CI_GEN_SAMPLE_JOBS": "1", "CI_GEN_HOME": "/x"}
    (problem,) = unknown_variables(Sample, "sample", environ)
    assert "CI_GEN_SAMPLE_JOB (environment)" in str(problem)
    assert "did you mean CI_GEN_SAMPLE_JOBS?" in str(problem)


def test_a_variable_of_a_longer_named_action_is_no_mistake() -> None:
    environ = {"CI_GEN_SAMPLE_TWO_KIND": "x"}
    assert unknown_variables(Sample, "sample", environ, ("sample", "sample-two")) == []


values = st.fixed_dictionaries(
    {
        "args": st.lists(
            st.text(st.characters(exclude_categories=("C", "Z")), min_size=1), max_size=4
        ).map(tuple),
        "jobs": st.integers(1, 64),
        "ratio": st.floats(0, 1),
        "kind": st.sampled_from(("cpu", "cuda")),
        "ctest": st.booleans(),
        "service": st.text(st.characters(exclude_categories=("C", "Z")), min_size=1),
    }
)


@given(values)
def test_values_survive_the_way_through_the_environment(wanted: dict[str, Any]) -> None:
    sample = Sample(**wanted)
    environ = {
        variable("sample", each.name): to_text(getattr(sample, each.field))
        for each in declarations(Sample)
    }
    assert read(Sample, "sample", environ) == sample


@given(values)
def test_values_survive_the_way_through_flags(wanted: dict[str, Any]) -> None:
    sample = Sample(**wanted)
    flags = [f"--args={item}" for item in sample.args]
    for each in declarations(Sample):
        if each.name not in ("args", "token", "text"):
            flags += [f"--{each.name}={to_text(getattr(sample, each.field))}"]
    assert read(Sample, "sample", {}, flags) == sample


@given(st.lists(st.text(max_size=12), max_size=6))
def test_no_command_line_breaks_the_parser(words: list[str]) -> None:
    flags = parse_flags(declarations(Sample), words)
    assert set(flags.values) <= {each.name for each in declarations(Sample)}
