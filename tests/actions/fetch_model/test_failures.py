from __future__ import annotations

import random

import pytest

from ci_gen_actions.fetch_model.failures import LONGEST_PAUSE, pause, retry_after

NOW = 1_764_201_600.0  # Thu, 27 Nov 2025 00:00:00 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        (" 0 ", 0.0),
        ("Thu, 27 Nov 2025 00:01:00 GMT", 60.0),
        ("Wed, 26 Nov 2025 00:01:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Thu, 99 Nov 2025", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


def test_pauses_grow_and_end_growing() -> None:
    chance = random.Random(1)
    pauses = [[pause(failed, None, chance) for _ in range(100)] for failed in range(1, 12)]
    assert all(0.5 <= each <= 1 for each in pauses[0])
    assert min(pauses[3]) >= max(pauses[1])
    assert all(LONGEST_PAUSE / 2 <= each <= LONGEST_PAUSE for each in pauses[-1])
    assert pause(1, 7.0, chance) == 7.0
