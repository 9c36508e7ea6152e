"""Patterns of file names, with one meaning on every platform.

A pattern is matched against the whole path, relative to the repository's root, with forward
slashes:

    *       any characters but /
    **      any characters, / among them
    **/     any folders, or none: **/*.md matches README.md and docs/a/b.md
    ?       one character but /
    [a-z]   one of these characters, [!a-z] none of them; never /
    \\x      the character x itself
    !...    at the start: takes back what earlier patterns matched; the last match decides
    .../    at the end: everything in that folder

`*.md` therefore matches at the root only, which is the narrow and so the safe reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Patterns:
    """Compiled patterns. Make them with `compile_patterns`."""

    rules: tuple[tuple[bool, re.Pattern[str]], ...]

    def match(self, path: str) -> bool:
        """Whether the last pattern that matches `path` is not a negated one."""
        for wanted, rule in reversed(self.rules):
            if rule.fullmatch(path):
                return wanted
        return False

    def excluded(self, paths: Iterable[str]) -> tuple[list[str], list[str]]:
        """The paths that do not match, and those that do."""
        kept: list[str] = []
        matched: list[str] = []
        for path in paths:
            (matched if self.match(path) else kept).append(path)
        return kept, matched


def compile_patterns(patterns: Sequence[str]) -> Patterns:
    """The patterns, ready to match."""
    return Patterns(
        tuple(
            (not text.startswith("!"), re.compile(expression(text.removeprefix("!")), re.DOTALL))
            for text in patterns
        )
    )


def expression(pattern: str) -> str:
    """The regular expression that means the same as `pattern`."""
    text = pattern.removeprefix("./").removeprefix("/")
    if text.endswith("/"):
        text += "**"
    parts: list[str] = []
    at = 0
    while at < len(text):
        part, at = _next(text, at)
        # `a***b` and `**/**/` say nothing more, but would make matching slow.
        if not (parts and part == parts[-1] and part in (".*", "[^/]*", "(?:.*/)?")):
            parts.append(part)
    return "".join(parts)


def _next(text: str, at: int) -> tuple[str, int]:
    """The expression for what stands at `at`, and where the rest begins."""
    if text.startswith("**/", at) and (at == 0 or text[at - 1] == "/"):
        return "(?:.*/)?", at + 3
    if text.startswith("**", at):
        return ".*", at + 2
    here = text[at]
    if here == "*":
        return "[^/]*", at + 1
    if here == "?":
        return "[^/]", at + 1
    if here == "\\" and at + 1 < len(text):
        return re.escape(text[at + 1]), at + 2
    if here == "[":
        return _set(text, at)
    return re.escape(here), at + 1


def _set(text: str, at: int) -> tuple[str, int]:
    start = at + 1
    negated = text.startswith("!", start)
    start += negated
    # A ] that comes first stands for itself.
    end = text.find("]", start + 1)
    if end < 0:
        return re.escape("["), at + 1
    ranges = _ranges(text[start:end])
    if negated:
        return f"(?!/)[^{ranges}]", end + 1
    return f"(?!/)[{ranges}]", end + 1


def _ranges(body: str) -> str:
    """The inside of a set; a range that runs backwards holds nothing but its two ends."""
    parts: list[str] = []
    at = 0
    while at < len(body):
        if at + 2 < len(body) and body[at + 1] == "-" and body[at] <= body[at + 2]:
            parts.append(f"{re.escape(body[at])}-{re.escape(body[at + 2])}")
            at += 3
        else:
            parts.append(re.escape(body[at]))
            at += 1
    return "".join(parts)
