"""Two texts that name one build, and what a server must tell of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ci_gen_actions.core.server_build import same_build, shown_build

COMMIT = "0123abcdef0123abcdef0123abcdef0123abcdef"


@pytest.mark.parametrize(
    ("shown", "expected", "same"),
    [
        ("b4567-0123abc", "b4567-0123abc", True),
        ("b4567-0123abc", COMMIT, True),
        ("b4567-0123ABC", COMMIT.upper(), True),
        ("b1-0123abc", "b4567-0123abcdef", True),  # a shallow clone miscounts
        ("0.1.0-0123abcdef01", "b3-0123abc", True),  # a service of one's own
        ("0.1.0-fedcba987654", "b3-0123abc", False),
        ("0.1.0", "b3-0123abc", False),
        ("4567 (0123abc)", "b4567-0123abc", True),
        ("b4567-0123abc", "4567", True),
        ("b4567-0123abc", "b4567", True),
        ("b4567-0123abc", "b4568", False),
        ("b4567-0123abc", "b4567-fedcba9", False),
        ("b4567-0123abc", "fedcba9", False),
        ("b4567-0123abc", "0123ab", False),  # too short to be a commit
        ("b4567-0123abc", "", False),
        ("b0-unknown", "b4567-0123abc", False),
        ("b0-unknown", "0", False),  # of two builds without git neither is known
        ("b0-unknown", "b0-unknown", True),
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "1.2.4", False),
        ("b1234567", "b1234567fedcba", True),  # a commit that begins with b
    ],
)
def test_builds(shown: str, expected: str, same: bool) -> None:
    assert same_build(shown, expected) is same


def test_what_the_properties_must_tell() -> None:
    def shown(value: Any, status: int = 200) -> tuple[str, str]:
        return shown_build(status, json.dumps(value).encode(), "/props")

    assert shown({"build_info": " b1-0123abc "}) == ("b1-0123abc", "")
    for value in ({}, {"build_info": ""}, {"build_info": 1}, [], "x", None):
        assert shown(value) == ("", "/props tells no build_info")
    assert shown({}, 404) == ("", "/props answered with status 404, not 200")
    for body in (b"", b"<html>", b"\xff", b"[" * 100_000):
        assert "not JSON" in shown_build(200, body, "/props")[1]
