from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.quick_checks import rules
from ci_gen_actions.quick_checks.rules import Finding, Rule

CONFLICT = b"a\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> topic\nb\n"


def lines(rule: Rule, path: str, text: bytes) -> list[int]:
    return [each.line for each in rule(path, text)]


def test_a_committed_conflict_is_found_where_it_begins() -> None:
    (found,) = rules.conflict_markers("a.c", CONFLICT)
    assert (found.line, found.rule) == (2, "conflict-marker")
    assert "ends in line 6" in found.message
    assert lines(rules.conflict_markers, "a.c", CONFLICT * 2) == [2, 9]
    diff3 = CONFLICT.replace(b"=======", b"||||||| base\nold\n=======")
    assert lines(rules.conflict_markers, "a.c", diff3) == [2]
    assert lines(rules.conflict_markers, "a.c", CONFLICT.replace(b"\n", b"\r\n")) == [2]


@pytest.mark.parametrize(
    "text",
    [
        b"Title\n=======\n",
        b"<<<<<<< HEAD\nno more\n",
        b">>>>>>> a\n=======\n<<<<<<< b\n",
        b"<<<<<<< a\n>>>>>>> b\n",
        CONFLICT.replace(b"<<<<<<<", b"<<<<<<<<"),
        CONFLICT.replace(b"\n", b"\n  "),
        b"\0" + CONFLICT,
    ],
)
def test_what_is_no_conflict(text: bytes) -> None:
    assert lines(rules.conflict_markers, "a.rst", text) == []


def test_python_syntax() -> None:
    assert lines(rules.python_syntax, "a.py", b"x = 1\ndef f(:\n") == [2]
    assert lines(rules.python_syntax, "a.pyi", b"def f(:\n") == [1]
    assert lines(rules.python_syntax, "a.py", b"x = '\\d'\n") == []
    assert lines(rules.python_syntax, "a.c", b"def f(:\n") == []
    (found,) = rules.python_syntax("a.py", b"(" * 5000 + b")" * 5000)
    assert found.rule == "python-syntax"
    assert len(list(rules.python_syntax("a.py", b"x = '\0'"))) == 1
    assert len(list(rules.python_syntax("a.py", b"# coding: no-such\nx = 1\n"))) == 1


def test_json_syntax() -> None:
    (found,) = rules.json_syntax("a.json", b'{\n  "a": 1,\n}\n')
    assert found.line == 3 or found.line == 2
    assert "column" in found.message
    assert lines(rules.json_syntax, "a.json", b'{"a": 1}') == []
    assert lines(rules.json_syntax, "a.json", '{"é": 1}'.encode("utf-8-sig")) == []
    assert lines(rules.json_syntax, "a.json", b"") == [1]
    assert lines(rules.json_syntax, "a.json", b'"\xff"') == [0]
    assert lines(rules.json_syntax, "a.json", b"[" * 200_000) == [0]
    assert lines(rules.json_syntax, "a.jsonc", b"// x") == []


@pytest.mark.parametrize(
    "path",
    [
        "tsconfig.json",
        "web/tsconfig.app.json",
        "pyrightconfig.json",
        ".vscode/settings.json",
        "x/.devcontainer/devcontainer.json",
        ".eslintrc.json",
        "renovate.json",
    ],
)
def test_json_whose_readers_allow_comments_is_left_alone(path: str) -> None:
    assert lines(rules.json_syntax, path, b"{ // why\n}") == []


@pytest.mark.parametrize("path", ["package.json", "vscode/a.json", "config.json"])
def test_other_json_is_not(path: str) -> None:
    assert lines(rules.json_syntax, path, b"{ // why\n}") == [1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the standard library reads no TOML")
def test_toml_syntax() -> None:
    assert lines(rules.toml_syntax, "a.toml", b"a = 1\nb = \n") == [2]
    assert lines(rules.toml_syntax, "a.toml", b"a = 1\n") == []
    assert lines(rules.toml_syntax, "a.txt", b"b = \n") == []
    assert lines(rules.toml_syntax, "a.toml", b"a = '\xff'") == [0]
    assert rules.not_run() == ()


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="the standard library reads TOML")
def test_toml_is_said_not_to_be_read() -> None:
    assert lines(rules.toml_syntax, "a.toml", b"b = \n") == []
    assert rules.not_run() == ("toml-syntax",)


def test_a_file_may_be_as_large_as_the_limit() -> None:
    assert list(rules.oversized("a", 10 * 1024, 10)) == []
    (found,) = rules.oversized("a", 10 * 1024 + 1, 10)
    assert "more than the 10 KiB allowed" in found.message
    assert list(rules.oversized("a", 1 << 40, 0)) == []


@given(st.sampled_from(["a.py", "a.json", "a.toml", "a.c"]), st.binary(max_size=300))
def test_no_content_breaks_a_rule(path: str, text: bytes) -> None:
    for rule in rules.RULES:
        for found in rule(path, text):
            assert isinstance(found, Finding)
            assert 0 <= found.line <= text.count(b"\n") + text.count(b"\r") + 2
