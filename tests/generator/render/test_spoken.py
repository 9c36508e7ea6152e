"""Durations and lists in words, and text without power over a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen.render.spoken import cells, counted, duration, joined, printable, rough


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.2, "< 1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (150, "2 min 30 s"),
        (3599.6, "1 h"),
        (3659, "1 h"),
        (3900, "1 h 5 min"),
        (86_400 * 2 + 3 * 3600 + 59, "2 d 3 h"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_estimates_say_so_and_are_no_more_exact_than_anybody_knows() -> None:
    assert rough(150, measured=False) == "≈ 2 min 30 s"
    assert rough(2394, measured=False) == "≈ 40 min"
    assert rough(2394, measured=True) == "39 min 54 s"


def test_lists_and_numbers_read_like_sentences() -> None:
    assert [joined([]), joined(["a"]), joined(["a", "b"]), joined(["a", "b", "c"], "or")] == [
        "", "a", "a and b", "a, b or c",
    ]  # fmt: skip
    assert [counted(1, "job"), counted(2, "job"), counted(2, "matrix", "matrices")] == [
        "1 job", "2 jobs", "2 matrices",
    ]  # fmt: skip


@given(st.text())
def test_nothing_printable_moves_the_cursor_or_the_direction_of_writing(text: str) -> None:
    flat = printable(text)
    assert not [char for char in flat if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert not [char for char in flat if unicodedata.bidirectional(char) in (
        "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI",
    )]  # fmt: skip
    assert printable(flat) == flat
    assert 0 <= cells(flat) <= 2 * len(flat)


def test_wide_and_combining_characters_take_their_cells() -> None:
    assert (cells("abc"), cells("漢字"), cells("e\u0301"), cells("🚀")) == (3, 4, 1, 2)
    assert printable("a\u200bb\t\n c\x1b[31m\u202e") == "ab c\ufffd[31m\ufffd"
