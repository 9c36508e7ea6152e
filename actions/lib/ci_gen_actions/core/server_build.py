"""Which build of llama.cpp a server is, as its properties tell. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

BUILD_KEY = "build_info"
_BUILD = re.compile(r"b?(\d{1,5})(?:-(\w+)| \((\w+)\))?")
"""Five digits at most: llama.cpp has counted some thousand builds, and more may be a commit."""
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_RELEASE = re.compile(r"[0-9]+(?:\.[0-9]+)+-([0-9a-f]{7,64})")
"""What a service of one's own tells: its version and its commit."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """A build of llama.cpp: its number and its commit, each "" where not told."""

    number: str = ""
    commit: str = ""

    @property
    def known(self) -> bool:
        """Whether it tells one build from another: outside of git the number is 0."""
        return bool(self.commit) or self.number not in ("", "0")


def parse_build(text: str) -> Build:
    """`b4567-0123abc` as the server tells it, `4567 (0123abc)`, a number, a commit, or
    `1.2.0-0123abc` of a service with versions of its own."""
    text = text.strip().lower()
    release = _RELEASE.fullmatch(text)
    if release:
        return Build(commit=release[1])
    found = _BUILD.fullmatch(text)
    if not found:
        return Build(commit=text if _COMMIT.fullmatch(text) else "")
    commit = found[2] or found[3] or ""
    return Build(number=str(int(found[1])), commit=commit if _COMMIT.fullmatch(commit) else "")


def same_build(shown: str, expected: str) -> bool:
    """Whether two texts name one build; a commit, which may be cut short, decides over a number.

    A shallow clone counts its commits wrongly but knows the commit itself.
    """
    if shown.strip() == expected.strip():
        return True
    ours, theirs = parse_build(shown), parse_build(expected)
    if ours.commit and theirs.commit:
        length = min(len(ours.commit), len(theirs.commit))
        return ours.commit[:length] == theirs.commit[:length]
    return bool(ours.known and ours.number and ours.number == theirs.number)


def shown_build(status: int, body: bytes, path: str) -> tuple[str, str]:
    """The build that the properties tell, and what is wrong with them ("" for nothing)."""
    if status != 200:
        return "", f"{path} answered with status {status}, not 200"
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "", f"{path} answered with something that is not JSON"
    build = told.get(BUILD_KEY) if isinstance(told, dict) else None
    if not isinstance(build, str) or not build.strip():
        return "", f"{path} tells no {BUILD_KEY}"
    return build.strip()[:200], ""
