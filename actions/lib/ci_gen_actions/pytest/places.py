"""Where a failed test went wrong, read from what pytest reports of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..core.junit import Case

_LONG = re.compile(r"(?m)^(?P<file>[^\s:>][^:\n]*\.\w+):(?P<line>[0-9]+): ")
_NATIVE = re.compile(r'(?m)^\s*File "(?P<file>[^"\n]+)", line (?P<line>[0-9]+)')
_ELSEWHERE = ("site-packages", "dist-packages", "<")
_MOST = 2000


@dataclass(frozen=True)
class Place:
    """A file of the checkout, relative to it, and a line; "" and 0 where none is known."""

    file: str = ""
    line: int = 0


def of(case: Case, source: Path, workspace: Path) -> Place:
    """The innermost line of the traceback that lies in the checkout, else the test's own."""
    found = [
        (match["file"], int(match["line"]))
        for pattern in (_LONG, _NATIVE)
        for match in pattern.finditer(case.details)
    ]
    for file, line in [*reversed(found), (case.file, case.line)]:
        if file and not any(word in file for word in _ELSEWHERE):
            relative = _relative(file, source, workspace)
            if relative:
                return Place(relative, line)
    return Place()


def _relative(file: str, source: Path, workspace: Path) -> str:
    # pytest names files from its root folder, which may lie above the project
    above = [each for each in source.parents if each == workspace or workspace in each.parents]
    for base in (source, *above):
        path = (base / file).resolve()
        if path.is_file() and workspace in path.parents:
            return path.relative_to(workspace).as_posix()
    return ""


def message(case: Case) -> str:
    """The assertion's message for people: what pytest marks with E, else what it says at all."""
    marked = [
        line[1:].strip()
        for line in case.details.splitlines()
        if line.startswith("E ") and line[1:].strip()
    ]
    text = "\n".join(marked) or case.message or case.details.strip()
    return text[:_MOST]
