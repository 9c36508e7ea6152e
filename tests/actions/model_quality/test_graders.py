from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.model_quality.grader_spec import grader_of
from ci_gen_actions.model_quality.graders import choose, grade, numbers
from ci_gen_actions.model_quality.question import ChoiceScore


def right(kind: str, answer: Any, reply: str, **settings: Any) -> bool:
    return grade(grader_of({"type": kind, **settings}, answer, ()), reply).correct


@pytest.mark.parametrize(
    ("answer", "reply", "settings", "correct"),
    [
        ("Paris", " paris.\n", {}, True),
        ("Paris", "It is Paris", {}, False),
        (["Paris", "Lutetia"], "Lutetia", {}, True),
        ("Paris", "paris", {"case": True}, False),
        ("Paris", "Paris.", {"punctuation": True}, False),
        ("Straße", "STRASSE", {}, True),
        ("fi", "\ufb01", {}, True),
        ("C++", "C", {}, False),
        ("-5", "5", {}, False),
        ("...", "!!!", {}, False),
    ],
)
def test_exact(answer: Any, reply: str, settings: dict[str, Any], correct: bool) -> None:
    assert right("exact", answer, reply, **settings) is correct


@pytest.mark.parametrize(
    ("answer", "reply", "settings", "correct"),
    [
        ("Paris", "The capital is **Paris**.", {}, True),
        ("Paris", "The Parisian way", {}, False),
        ("Paris", "The Parisian way", {"words": False}, True),
        ("4", "It is 42", {}, False),
        ("4", "It is 4.", {}, True),
        ("New York", "new\n york city", {}, True),
        (["oxygen", "hydrogen"], "oxygen", {}, True),
        (["oxygen", "hydrogen"], "oxygen", {"all": True}, False),
        (["oxygen", "hydrogen"], "hydrogen and oxygen", {"all": True}, True),
        ("Paris.", "Paris, I think", {}, True),
        ("paris", "PARIS", {"case": True}, False),
        ("a", "", {}, False),
    ],
)
def test_contains(answer: Any, reply: str, settings: dict[str, Any], correct: bool) -> None:
    assert right("contains", answer, reply, **settings) is correct


@pytest.mark.parametrize(
    ("answer", "reply", "settings", "correct"),
    [
        (42, "The answer is 42.", {}, True),
        (42, "First 41, then 42", {}, True),
        (42, "42, not 41", {}, False),
        (42, "42, not 41", {"which": "first"}, True),
        (1234.5, "1,234.5 km", {}, True),
        (3.14, "about 3.1416", {"absolute": 0.01}, True),
        (3.14, "about 3.2", {"absolute": 0.01}, False),
        (1000, "1010", {"relative": 0.01}, True),
        (1000, "1011", {"relative": 0.01}, False),
        (12, "12km", {}, True),
        (12, "room B12", {}, False),
        (-3, "it is \u22123 °C", {}, True),
        (0, "0", {}, True),
        ("1,000", "1000", {}, True),
        (5, "five", {}, False),
    ],
)
def test_number(answer: Any, reply: str, settings: dict[str, Any], correct: bool) -> None:
    assert right("number", answer, reply, **settings) is correct


def test_numbers_in_a_text() -> None:
    assert numbers("1,2,3 and 4,56 at 1e3, not 1e999; 5. -.5 x=-1e-3") == [
        1, 2, 3, 4, 56, 1000, 5, -0.5, -0.001
    ]  # fmt: skip


@given(st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6))
def test_a_number_that_was_said_is_found(value: float) -> None:
    assert right("number", value, f"I think it is {value}.")


@given(st.text(), st.text(min_size=1).filter(str.strip))
def test_any_reply_is_graded(reply: str, answer: str) -> None:
    right("exact", answer, reply)
    right("contains", answer, reply)
    right("number", 1, reply)
    assert right("exact", answer, answer, punctuation=True, case=True)


CHOICES = ("a long answer", "no")


def chosen(normalise: str, first: tuple[float, int], second: tuple[float, int]) -> Any:
    grader = grader_of({"type": "choice", "normalise": normalise}, 0, CHOICES)
    scores = [ChoiceScore(logprob=p, tokens=n) for p, n in (first, second)]
    return choose(grader, CHOICES, scores)


def test_the_likeliest_choice_by_each_normalisation() -> None:
    # by itself -6 < -5; a token -2 > -2.5 ; a character -6/13 > -5/2
    assert not chosen("none", (-6, 3), (-5, 2)).correct
    assert chosen("tokens", (-6, 3), (-5, 2)).correct
    assert chosen("characters", (-6, 3), (-5, 2)).correct
    assert chosen("none", (-6, 3), (-5, 2)).note == "chose 'no', right is 'a long answer'"


def test_the_score_of_a_choice_is_its_probability_among_all() -> None:
    assert chosen("none", (math.log(0.3), 1), (math.log(0.1), 1)).score == pytest.approx(0.75)
    assert chosen("none", (-1e5, 1), (-1, 1)).score == 0.0
    assert chosen("none", (-1.0, 1), (-1.0, 1)).correct
