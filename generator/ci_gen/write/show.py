"""Differences between what is on disk and what is generated, as unified diffs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff

from ci_gen.write.merge import split_lines
from ci_gen.write.plan import Decision


def change(decision: Decision, texts: Mapping[str, str]) -> str:
    """What generate would do to the file: "" where it would leave it as it is.

    For a file that it must leave alone (a conflict, somebody else's file) it is what stands
    between that file and the rendered text.
    """
    after = texts.get(decision.path) if decision.status.unresolved else decision.outcome
    before = decision.file.text if decision.file.exists else None
    return _unified(decision.path, before, after, "on disk", "generated")


def hand_edit(decision: Decision, texts: Mapping[str, str]) -> str:
    """What was edited by hand: from the rendered text to the file on disk."""
    before = texts.get(decision.path)
    after = decision.file.text if decision.file.exists else None
    return _unified(decision.path, before, after, "generated", "on disk")


def _unified(path: str, before: str | None, after: str | None, was: str, becomes: str) -> str:
    if before == after:
        return ""
    lines = unified_diff(
        split_lines(before or ""),
        split_lines(after or ""),
        f"a/{path}" if before is not None else "/dev/null",
        f"b/{path}" if after is not None else "/dev/null",
        was,
        becomes,
    )
    return "".join(_ended(lines))


def _ended(lines: Iterator[str]) -> Iterator[str]:
    """End every line, and say so where the file does not."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
