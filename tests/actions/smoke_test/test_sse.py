from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.smoke_test.sse import NotEvents, events

TEXT = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=("Cs",)))


@given(
    st.lists(st.lists(TEXT, min_size=1, max_size=3), max_size=4),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(1, 7)),
)
def test_data_is_read_back_however_it_is_cut(
    texts: list[list[str]], end: str, sizes: list[int]
) -> None:
    lines = [line for text in texts for line in (*(f"data: {part}" for part in text), "")]
    body = "".join(f"{line}{end}" for line in lines).encode()
    pieces, at = [], 0
    for number, size in enumerate([*sizes, max(len(body), 1)]):
        pieces.append((float(number), body[at : at + size]))
        at += size
    found = [event.data for event in events(pieces)]
    assert found == ["\n".join(text) for text in texts]


def test_an_event_is_there_when_its_last_line_is() -> None:
    found = list(events([(1.0, b"data: a\n"), (2.0, b"\ndata"), (3.0, b": b\n\n: note\n")]))
    assert [(event.at, event.data) for event in found] == [(2.0, "a"), (3.0, "b")]


@pytest.mark.parametrize("body", [b"data: a", b"data: a\n", b"what\n\n", b"data: \xff\n\n"])
def test_what_is_no_stream(body: bytes) -> None:
    with pytest.raises(NotEvents):
        list(events([(0.0, body)]))
