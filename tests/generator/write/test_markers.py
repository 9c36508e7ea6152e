from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen.write.markers import sides

MERGE = "a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> topic\nz\n"
DIFF3 = "a\n<<<<<<< HEAD\nours\n||||||| 1234\nbase\n=======\ntheirs\n>>>>>>> topic\nz\n"


@pytest.mark.parametrize("text", [MERGE, DIFF3, MERGE.replace("<<<<<<< HEAD", "<<<<<<<")])
def test_both_sides_are_read(text: str) -> None:
    assert sides(text) == ("a\nours\nz\n", "a\ntheirs\nz\n")


def test_several_conflicts_are_read() -> None:
    assert sides(MERGE + MERGE) == ("a\nours\nz\na\nours\nz\n", "a\ntheirs\nz\na\ntheirs\nz\n")


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n", "Title\n=======\n", "<<<<<<< HEAD\nours\n", "<<<<<<< a\n=======\nb\n",
        "<<<<<<<<<<\nx\n=======\n>>>>>>>\n", ">>>>>>> b\n=======\n<<<<<<< a\n",
    ],
)  # fmt: skip
def test_what_is_no_conflict_is_not_taken_for_one(text: str) -> None:
    assert sides(text) is None


@given(st.lists(st.sampled_from(["a", "<<<<<<<", "=======", ">>>>>>>", "|||||||", ""])))
def test_sides_are_made_of_the_lines_of_the_text(lines: list[str]) -> None:
    for side in sides("\n".join(lines)) or ():
        assert not set(side.split("\n")) - set(lines) - {""}
        assert len(side.split("\n")) < len(lines)
