from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.fetch_model.ranges import Ranges

SIZE = 60
pairs = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=25)


@given(pairs)
def test_ranges_are_a_set_of_bytes(added: list[tuple[int, int]]) -> None:
    ranges, model = Ranges(), set[int]()
    for start, end in added:
        ranges.add(start, end)
        model |= set(range(start, end))
    assert ranges.total == len(model)
    assert {each for start, end in ranges for each in range(start, end)} == model
    missing = {each for start, end in ranges.gaps(SIZE) for each in range(start, end)}
    assert missing == set(range(SIZE)) - model
    prefix = next((each for each in range(SIZE + 1) if each not in model), SIZE)
    assert ranges.prefix == prefix
    found = list(ranges)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))
