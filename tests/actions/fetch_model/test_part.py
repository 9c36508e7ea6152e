from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.fetch_model.part import Identity, Part

ONE = Identity(url="https://example.org/m", size=100, etag='"one"', modified="then")


def begun(folder: Path) -> Part:
    part = Part(folder)
    part.begin(ONE)
    part.write(10, b"x" * 20)
    part.commit(10, 30)
    return part


def test_what_was_committed_is_there_again(tmp_path: Path) -> None:
    begun(tmp_path).close()
    part = Part(tmp_path)
    assert part.identity == ONE
    assert (part.total, part.prefix) == (20, 0)
    assert part.gaps(100) == [(0, 10), (30, 100)]
    assert part.read(10, 5) == b"xxxxx"
    part.write(0, b"y" * 10)
    part.commit(0, 10)
    part.close()
    again = Part(tmp_path)
    assert again.prefix == 30
    again.close()


def test_what_was_not_committed_is_not(tmp_path: Path) -> None:
    part = begun(tmp_path)
    part.write(50, b"z" * 10)
    part.close()
    again = Part(tmp_path)
    assert again.total == 20
    again.close()


def test_beginning_anew_forgets(tmp_path: Path) -> None:
    part = begun(tmp_path)
    other = Identity(url="u", size=7)
    part.begin(other)
    part.close()
    again = Part(tmp_path)
    assert (again.total, again.identity) == (0, other)
    assert again.path.stat().st_size == 0
    again.close()


@given(st.data())
def test_a_torn_journal_claims_no_more_than_was_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("part")
    part = begun(folder)
    part.write(40, b"x" * 20)
    part.commit(40, 60)
    part.close()
    journal = folder / "journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    again = Part(folder)
    assert {each for start, end in again.ranges for each in range(start, end)} <= {
        *range(10, 30),
        *range(40, 60),
    }
    # Whatever was torn, what comes now is kept.
    again.begin(ONE) if again.identity is None else None
    again.write(0, b"y" * 5)
    again.commit(0, 5)
    again.close()
    third = Part(folder)
    assert third.prefix >= 5
    third.close()


@pytest.mark.parametrize(
    "line",
    [
        *(
            "[0, 200]",
            "[5, 5]",
            "[-1, 5]",
            '["0", 5]',
            "[1]",
            "{}",
            "null",
            "[0.5, 3]",
            "[true, 3]",
        ),
        *("[0, 99999999999999999999]", "[[]]", "\x00\x01"),
    ],
)
def test_a_line_that_makes_no_sense_counts_nothing(tmp_path: Path, line: str) -> None:
    begun(tmp_path).close()
    with (tmp_path / "journal").open("a") as journal:
        journal.write(f"{line}\n")
    again = Part(tmp_path)
    assert again.total in (20, 22)  # `true` is the number 1 to json
    again.close()


@pytest.mark.parametrize("head", ["", "no json", "[]", '{"url": 1}', '{"url": "u", "size": null}'])
def test_a_journal_without_a_head_is_none(tmp_path: Path, head: str) -> None:
    begun(tmp_path).close()
    (tmp_path / "journal").write_text(f"{head}\n[0, 10]\n")
    again = Part(tmp_path)
    assert again.identity is None or again.identity.size is None
    assert again.total == 0
    again.close()


def test_data_that_is_shorter_than_its_journal_says(tmp_path: Path) -> None:
    """A copy of the folder, made while it was written."""
    begun(tmp_path).close()
    (tmp_path / "part").write_bytes(b"x" * 15)
    again = Part(tmp_path)
    assert list(again.ranges) == [(10, 15)]
    again.close()


def test_validators() -> None:
    assert Identity(url="u", size=1, etag='"a"', modified="then").validator == '"a"'
    assert Identity(url="u", size=1, etag='W/"a"', modified="then").validator == "then"
    assert Identity(url="u", size=1, etag='W/"a"').validator == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({"size": 1}, {"size": 2}, False),
        ({"size": 1}, {"size": None}, True),
        ({"etag": '"a"'}, {"etag": '"a"', "modified": "now"}, True),
        ({"etag": '"a"'}, {"etag": '"b"'}, False),
        ({"etag": '"a"'}, {}, True),
        ({"modified": "then"}, {"modified": "now"}, False),
        ({"modified": "then"}, {"modified": "then"}, True),
    ],
)
def test_whether_two_are_one_file(
    one: dict[str, str | int], other: dict[str, str | int], same: bool
) -> None:
    first = Identity(**{"url": "u", "size": 1, **one})  # type: ignore[arg-type]
    assert first.same(Identity(**{"url": "v", "size": 1, **other})) is same  # type: ignore[arg-type]


def test_the_journal_is_lines_of_json(tmp_path: Path) -> None:
    begun(tmp_path).close()
    lines = [line for line in (tmp_path / "journal").read_text().splitlines() if line]
    assert json.loads(lines[0])["etag"] == '"one"'
    assert json.loads(lines[1]) == [10, 30]
