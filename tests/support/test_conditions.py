"""The readers of both condition languages give what the platforms document."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import conditions

CONTEXT = {
    "github": {"event_name": "pull_request", "ref": "refs/heads/main", "event": {"number": 7}},
    "needs": {"changes": {"outputs": {"code": "true"}, "result": "success"}},
}
FUNCTIONS = {"always": lambda: True, "contains": lambda whole, part: part in whole}
VARIABLES = {"SOURCE": "merge_request_event", "TAG": "v1.2", "EMPTY": "", "SAME": "v1.2"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("needs.changes.outputs.code == 'true'", True),
        ("needs.changes.outputs.code == 'TRUE'", True),
        ("github.event_name != 'pull_request' || always()", True),
        ("github.event.number == 7", True),
        ("github.event.missing.deep", None),
        ("github.event.missing == ''", True),
        ("!(github.ref == 'refs/heads/main') && always()", False),
        ("contains(github.ref, 'main')", True),
        ("github.ref == 'x' && 'yes' || 'it''s no'", "it's no"),
        ("null", None),
    ],
)
def test_expressions_of_github(text: str, value: Any) -> None:
    assert conditions.github(text, CONTEXT, FUNCTIONS) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('$SOURCE == "merge_request_event"', True),
        ("$SOURCE != 'x' && $TAG =~ /^v/", True),
        ("$TAG =~ /^V/", False),
        ("$TAG =~ /^V/i", True),
        ("$MISSING =~ /.*/", False),
        ("$TAG !~ /^v/", False),
        ("$MISSING == null", True),
        ("$EMPTY", False),
        ("$TAG", True),
        ("$TAG == $SAME", True),
        ("$MISSING != $ABSENT", False),
        ("($EMPTY || $TAG) && $MISSING", False),
        (r"$TAG =~ /^v[^\/]*$/", True),
    ],
)
def test_conditions_of_gitlab(text: str, value: bool) -> None:
    assert conditions.gitlab(text, VARIABLES) is value


@pytest.mark.parametrize("text", ["$A ==", "($A", "$A $B", "$A =~ $B", "a + b", "$A == ~"])
def test_what_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"condition|place|understood|closed|needs|left"):
        conditions.gitlab(text, VARIABLES)


def test_an_unknown_function_is_an_error() -> None:
    with pytest.raises(KeyError):
        conditions.github("hashFiles('x')", CONTEXT, FUNCTIONS)
