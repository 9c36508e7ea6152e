"""Golden files: texts that were looked at once and must not change unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"

Golden = Callable[[str, str], None]


def comparison(update: bool) -> Golden:
    """A function that compares a text with the golden file of that name, or writes it."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"{path} is missing: run pytest --update-golden and look at it"
        expected = path.read_bytes().decode()
        assert text.splitlines() == expected.splitlines(), (
            f"{path} differs: if the change is meant, run pytest --update-golden"
        )
        assert text == expected

    return check
