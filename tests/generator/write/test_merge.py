from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen.write.merge import Merged, distance, hunks, merge, split_lines

# Few different lines, so that repetitions, moved lines and equal edits are frequent.
line = st.sampled_from(["a", "b", "c", "  uses: x", "", "}", "\x0c", "é", "\u2028"])
text = st.builds(
    lambda lines, end: "\n".join(lines) + end,
    st.lists(line, max_size=12),
    st.sampled_from(["\n", ""]),
)


@given(text, text)
def test_a_side_that_changed_nothing_gives_way(base: str, side: str) -> None:
    assert merge(base, base, side) == Merged(side)
    assert merge(base, side, base) == Merged(side)
    assert merge(base, side, side) == Merged(side)


@given(text, text, text)
def test_it_does_not_matter_who_is_who(base: str, one: str, two: str) -> None:
    assert merge(base, one, two).text == merge(base, two, one).text


@given(text, text, text)
def test_no_line_of_either_side_is_lost(base: str, one: str, two: str) -> None:
    merged = merge(base, one, two)
    if merged.text is None:
        return
    result = Counter(split_lines(merged.text))
    for side in (one, two):
        added: Counter[str] = Counter()
        for hunk in hunks(split_lines(base), split_lines(side)):
            added.update(hunk.lines)
        assert not set(added) - set(result)
    for kept in set(split_lines(base)) & set(split_lines(one)) & set(split_lines(two)):
        removed = sum(
            (Counter(split_lines(base)) - Counter(split_lines(side)))[kept] for side in (one, two)
        )
        assert result[kept] >= Counter(split_lines(base))[kept] - removed


@given(st.lists(st.integers(0, 30), unique=True, max_size=10), st.data())
def test_edits_that_lie_apart_both_survive(places: list[int], data: st.DataObject) -> None:
    base = [f"line {number}\n" for number in range(62)]
    one, two, both = list(base), list(base), list(base)
    for place in places:
        # Every edit has its own pair of lines, the first of which nobody touches.
        number = 2 * place + 1
        edit = data.draw(st.sampled_from([f"edit {place}\n", f"one {place}\ntwo\n", ""]))
        data.draw(st.sampled_from([one, two]))[number] = edit
        both[number] = edit
    assert merge("".join(base), "".join(one), "".join(two)) == Merged("".join(both))


@given(text, text, text)
def test_a_merge_applied_again_changes_nothing(base: str, mine: str, new: str) -> None:
    merged = merge(base, mine, new)
    if merged.text is not None:
        assert merge(new, merged.text, new).text == merged.text


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", "a\nX\nc\n"),
        ("a\nb\n", "a\none\nb\n", "a\ntwo\nb\n"),
        ("a\nb\nc\n", "a\nc\n", "a\nB\nc\n"),
        ("a\nb\nc\n", "a\nc\n", "a\nb\n  with\nc\n"),
        ("a\nb\nc\nd\n", "a\nX\nd\n", "a\nb\nY\nd\n"),
        ("", "one\n", "two\n"),
        ("a", "a\nb", "a\nc"),
    ],
    ids=[
        "same-line", "same-point", "deleted-and-changed", "added-below-a-deleted-line",
        "overlap", "empty-base", "no-final-newline",
    ],
)  # fmt: skip
def test_conflicts_are_found(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs)
    assert merged.text is None
    assert merged.conflicts
    assert merged.conflicts[0].ours != merged.conflicts[0].theirs


def test_a_line_added_below_one_that_was_replaced_stays_below_it() -> None:
    base = "- uses: a@1\n- run: x\n"
    merged = merge(base, "- uses: a@1\n  with: y\n- run: x\n", "- uses: a@2\n- run: x\n")
    assert merged.text == "- uses: a@2\n  with: y\n- run: x\n"


def test_both_adding_the_same_is_no_conflict() -> None:
    assert merge("a\nb\nc\n", "a\nx\nb\nc\n", "a\nx\nb\nC\n").text == "a\nx\nb\nC\n"


def test_a_line_that_both_added_is_never_doubled() -> None:
    # One side's `x` is an insertion, the other's part of a replacement right beside it.
    assert merge("a\nb\n", "a\nx\nb\n", "a\nx\nB\n").text is None


def test_distance_counts_lines_of_both() -> None:
    assert distance("a\nb\n", "a\nb\n") == 0
    assert distance("a\nb\n", "a\nx\ny\n") == 3
