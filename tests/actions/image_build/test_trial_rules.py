"""What is judged good and bad, on plain data."""

from __future__ import annotations

import pytest

from ci_gen_actions.image_build import trial_rules as rules


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
