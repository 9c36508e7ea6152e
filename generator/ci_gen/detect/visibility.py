"""Whether a repository looks open to everybody, and so to pull requests from forks."""

from __future__ import annotations

import re

from ci_gen.detect.model import Seen, Visibility
from ci_gen.detect.tree import Tree

_INVITATIONS = (
    re.compile(r"(?:\.github/|docs/)?contributing(?:\.(?:md|rst|txt|adoc))?", re.IGNORECASE),
    re.compile(r"\.github/issue_template(?:/.+|\.md)", re.IGNORECASE),
    re.compile(r"\.gitlab/issue_templates/.+", re.IGNORECASE),
    re.compile(r"(?:\.github/|docs/)?code_of_conduct(?:\.\w+)?", re.IGNORECASE),
    re.compile(r"(?:unlicense|(?:licen[cs]e|copying)(?:[.-][\w.-]+)?)", re.IGNORECASE),
)
_CLOSED = re.compile(r"\b(?:proprietary|confidential|internal use only)\b", re.IGNORECASE)


def find_visibility(tree: Tree) -> tuple[Visibility, Seen | None]:
    """Guess for the safe side: PUBLIC where the repository invites contributions.

    A licence that speaks of confidential or proprietary matter in its first lines is no
    invitation.
    """
    near = [
        path
        for path in tree.files
        if "/" not in path or path.startswith((".github/", ".gitlab/", "docs/"))
    ]
    for invitation in _INVITATIONS:
        for path in near:
            if invitation.fullmatch(path) and not _CLOSED.search(tree.read(path)[:600]):
                return Visibility.PUBLIC, Seen(path)
    return Visibility.UNKNOWN, None
