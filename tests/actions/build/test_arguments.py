from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.build import arguments
from ci_gen_actions.core.errors import UsageError


def test_defined() -> None:
    given_arguments = ("-DA=1", "-D", "B:STRING=x=y", "-DA=2", "-Wno-dev", "-DC")
    assert arguments.defined(given_arguments) == {"A": "2", "B": "x=y"}


def test_value_of_a_bare_flag_needs_no_dash() -> None:
    arguments.check_arguments(("-C", "cache.cmake", "-D", "A=1", "--preset", "p", "-Wno-dev"))


@given(st.lists(st.text(min_size=1)))
def test_an_argument_without_dash_never_passes_alone(words: list[str]) -> None:
    bare = [word for word in words if not word.startswith("-")]
    try:
        arguments.check_arguments(tuple(bare))
    except UsageError:
        assert bare
    else:
        assert not bare


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((), ()),
        (("86",), ("86",)),
        (
            ("80;86,89 90a", "all-major", "120f-virtual"),
            ("80", "86", "89", "90a", "all-major", "120f-virtual"),
        ),
    ],
)
def test_architectures(items: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert arguments.architectures(items) == expected


@given(st.text())
def test_what_passes_as_architecture_is_inert(text: str) -> None:
    try:
        found = arguments.architectures((text,))
    except UsageError:
        return
    assert all(each.replace("-", "").isalnum() and each.isascii() for each in found)
