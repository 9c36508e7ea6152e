"""What is judged good and bad, on plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ci_gen_actions.image_build import trial_rules as rules

COMMIT = "0123abcdef0123abcdef0123abcdef0123abcdef"


@pytest.mark.parametrize(
    ("shown", "expected", "same"),
    [
        ("b4567-0123abc", "b4567-0123abc", True),
        ("b4567-0123abc", COMMIT, True),
        ("b4567-0123ABC", COMMIT.upper(), True),
        ("b1-0123abc", "b4567-0123abcdef", True),  # a shallow clone miscounts
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
    assert rules.same_build(shown, expected) is same


def test_what_the_properties_must_tell() -> None:
    def shown(value: Any, status: int = 200) -> tuple[str, str]:
        return rules.shown_build(status, json.dumps(value).encode(), "/props")

    assert shown({"build_info": " b1-0123abc "}) == ("b1-0123abc", "")
    for value in ({}, {"build_info": ""}, {"build_info": 1}, [], "x", None):
        assert shown(value) == ("", "/props tells no build_info")
    assert shown({}, 404) == ("", "/props answered with status 404, not 200")
    for body in (b"", b"<html>", b"\xff", b"[" * 100_000):
        assert "not JSON" in rules.shown_build(200, body, "/props")[1]


@pytest.mark.parametrize("user", ["", "0", "00", "root", "0:0", "root:root", ":10001", " "])
def test_root_users(user: str) -> None:
    assert "runs as root" in rules.user_problem(user)
    assert rules.user_note(user) == ""


@pytest.mark.parametrize("user", ["10001", "10001:0", "10001:10001"])
def test_fixed_users(user: str) -> None:
    assert rules.user_problem(user) == rules.user_note(user) == ""


def test_a_named_user_is_noted() -> None:
    assert rules.user_problem("llama") == ""
    assert "runAsNonRoot" in rules.user_note("llama:llama")


def test_root_processes() -> None:
    linux = ["PID", "RUID", "EUID", "COMMAND"]
    rows = [["1", "10001", "10001", "server"], ["2", "10001", "0", "helper"], ["3", "0", "0", "x"]]
    assert rules.root_processes(linux, rows) == ["helper", "x"]
    busybox = ["PID", "USER", "COMMAND"]
    assert rules.root_processes(busybox, [["1", "root", "a"], ["2", "10001", "b"]]) == ["a"]


def test_how_it_ends() -> None:
    for status in (0, 143):
        assert rules.end_problem({"ExitCode": status}, 10, killed=False) == ""
    assert "exit status 1, not 0 or 143" in rules.end_problem({"ExitCode": 1}, 10, killed=False)
    assert "within 10 s" in rules.end_problem({"ExitCode": 0}, 10, killed=True)
    assert "out of memory" in rules.early_end({"ExitCode": 137, "OOMKilled": True})
    assert "SIGILL" in rules.early_end({"ExitCode": 132})
    assert rules.early_end({"ExitCode": 0}).endswith("with exit status 0")


def test_a_log_is_shown_inert() -> None:
    log = (
        b"".join(b"line %d\n" % number for number in range(30)) + b"\x1b[31mred\x1b[0m\x07\xff\r\n"
    )
    shown = rules.shown_lines(log)
    assert len(shown) == 20
    assert shown[0] == "line 11"
    assert shown[-1] == "red \ufffd"
    assert all(line.isprintable() for line in shown)


def test_the_last_health_check() -> None:
    assert rules.last_health({}) == ""
    log = [{"ExitCode": 0, "Output": "fine"}, {"ExitCode": 1, "Output": "no\n answer\n"}]
    assert rules.last_health({"Health": {"Log": log}}) == "exit status 1: no answer"
    assert rules.last_health({"Health": {"Log": [{"ExitCode": -1}]}}) == "exit status -1"
