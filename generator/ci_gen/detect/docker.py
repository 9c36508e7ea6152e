"""Dockerfiles of the repository's owner."""

from __future__ import annotations

import re

from ci_gen.detect.model import Seen
from ci_gen.detect.tree import Tree, inside_any, line_at, third_party, written_by_ci_gen

_NAME = re.compile(
    r"(?:Docker|Container)file(?:[._-].+)?|.+\.(?:Docker|docker|Container|container)file"
)
_NOT = re.compile(r".*(?:ignore|\.md|\.tmpl|\.template|\.j2|\.jinja2?|\.in|\.sh|\.ya?ml|\.txt)")
_FROM = re.compile(r"^\s*FROM\s+\S", re.MULTILINE | re.IGNORECASE)


def find_dockerfiles(tree: Tree, foreign: tuple[str, ...]) -> tuple[Seen, ...]:
    """Find the files that are Dockerfiles by name and have a FROM; the line is the first FROM's."""
    found = []
    for path in tree.matching(_NAME):
        if _NOT.fullmatch(path) or third_party(path) or inside_any(path, foreign):
            continue
        text = tree.read(path)
        match = _FROM.search(text)
        if match and not written_by_ci_gen(text):
            found.append(Seen(path, line_at(text, match.start()) + match[0].count("\n")))
    return tuple(found)
