"""Whatever text goes in, every YAML reader gets that very text out again, and nothing more."""

from __future__ import annotations

import io
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.support.hostile import HOSTILE

from ci_gen.render.scalars import block, comment, flow, quoted, scalar

WORDS = (
    "yes",
    "No",
    "ON",
    "off",
    "y",
    "N",
    "true",
    "False",
    "null",
    "Null",
    "~",
    "",
    " ",
    ".5",
    "._5",
    ".inf",
    ".NaN",
    "-.inf",
    "1_000",
    "0x1F",
    "0o17",
    "017",
    "1:30",
    "190:20:30",
    "1e3",
    "12e03",
    "2026-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "=",
    "<<",
    "-",
    "?",
    ":",
    "a:",
    ":a",
    "a: b",
    "a #b",
    "#",
    "- a",
    "? a",
    "---",
    "...",
    "... a",
    "--- a",
    "!x",
    "&a",
    "*a",
    "|",
    ">",
    "%YAML",
    "@a",
    "`a",
    "{a",
    "[a",
    "a, b",
    "]",
    "}",
    "'",
    '"',
    "\\",
    "a\\nb",
    "a\tb",
    "\ta",
    "a ",
    "a\xa0",
    "\xa0",
    "\x85",
    "a\u2028b",
    "\ufeffa",
    "a\ufeff",
    "\ufffe",
    "\U0001f469\u200d\U0001f4bb",
    "\U0001f469\u200d\U0001f4bb\x00",
    "\U0010ffff",
    "\x7f",
)
LINES = (
    "a\nb",
    "a\n b",
    " a\nb",
    "a\n\nb",
    "\na",
    "a\n",
    "a\n\n",
    "#a\n#b",
    "---\na",
    "...\nb",
    "a \nb",
    "a\r\nb",
    "\ta\nb",
    "- a\n- b",
    "a: b\nc: d",
    "${{ x }}\ny",
    "a\n\u2028b",
    "\xe9\n\u6f22\u5b57",
    "a\n\ufffe",
)

SPECIAL = " \n\t:#-'\"[]{},&*!|>%@`.0123456789_eE+xnyYN~=<?"
letters = st.one_of(st.characters(exclude_categories=()), st.sampled_from(SPECIAL))
anything = st.one_of(
    st.text(letters, max_size=30),
    st.sampled_from(WORDS + LINES + HOSTILE),
)


class Strings(pyyaml.SafeLoader):
    """PyYAML reads YAML 1.1, and refuses characters that only an escape may bring in."""


def readings(text: str) -> list[Any]:
    """The document as YAML 1.2, as 1.1 and as PyYAML's 1.1."""
    found = []
    for version in ((1, 2), (1, 1)):
        reader = YAML(typ="safe", pure=True)
        reader.version = version
        found.append(reader.load(text))
    found.append(pyyaml.load(text, Strings))
    return found


def check(document: str, expected: Any) -> None:
    assert readings(document) == [expected] * 3, document
    document.encode()


@given(anything)
@settings(deadline=None)
def test_a_scalar_is_the_text(text: str) -> None:
    check(f"key: {scalar(text)}\n", {"key": text})
    check(f"key: {quoted(text)}\n", {"key": text})
    check(f"- {scalar(text)}\n", [text])


@given(anything, st.sampled_from((4, 6, 12)))
@settings(deadline=None)
def test_a_block_is_the_text(text: str, indent: int) -> None:
    pad = " " * (indent - 2)
    document = f"a:\n{pad}key: {block(text, indent)}\n{pad}next: 1\n"
    check(document, {"a": {"key": text, "next": 1}})


@given(st.lists(anything, max_size=4))
@settings(deadline=None)
def test_a_flow_sequence_is_the_texts(items: list[str]) -> None:
    check(f"key: {flow(items)}\n", {"key": items})


@pytest.mark.parametrize("text", [*WORDS, *LINES, *HOSTILE])
def test_known_traps(text: str) -> None:
    check(f"key: {scalar(text)}\n", {"key": text})
    check(f"key: {block(text, 2)}\n", {"key": text})
    check(f"key: {flow([text, text])}\n", {"key": [text, text]})


def test_a_surrogate_pair_is_one_character_and_half_of_one_survives_as_an_escape() -> None:
    assert quoted("👩\u200d💻\x00") == '"👩\\u200d💻\\u0000"'
    assert quoted("\U000e0001") == '"\\U000e0001"'
    assert quoted("\ud800") == '"\\ud800"'


@pytest.mark.parametrize(
    "text", ["cpu", ".github/workflows/ci.yml", "Fetch package-a (cpu)", "Run pytest", "dist/a/"]
)
def test_plain_where_nobody_can_misunderstand_it(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize("text", ["12.10", "v*", "true", "a: b", "a #b", "", ".5", "1e3", "#"])
def test_quoted_where_somebody_could(text: str) -> None:
    assert scalar(text) == f'"{text}"'


def test_several_lines_read_like_lines() -> None:
    assert block("a\nb", 4) == "|-\n    a\n    b"


@given(anything, st.sampled_from((0, 2)), st.integers(20, 96))
@settings(deadline=None)
def test_a_comment_is_nothing_but_a_comment(text: str, indent: int, width: int) -> None:
    shown = comment(text, indent, width)
    assert all(line.startswith(" " * indent + "#") for line in shown.split("\n"))
    check(f"{shown}\na: 1\n", {"a": 1})


def test_comments_are_wrapped_and_keep_their_words() -> None:
    words = " ".join(f"word{number}" for number in range(40))
    shown = comment(words, 2, 40)
    assert max(len(line) for line in shown.split("\n")) <= 40
    assert " ".join(line.strip().removeprefix("# ") for line in shown.split("\n")) == words


def test_a_dumped_document_of_another_writer_agrees() -> None:
    out = io.StringIO()
    YAML(typ="safe", pure=True).dump({"key": "a\x00b"}, out)
    assert readings(out.getvalue())[0] == readings(f"key: {quoted(chr(97) + chr(0) + 'b')}\n")[0]
