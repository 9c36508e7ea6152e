"""From the JSON of `ci-gen check` and `generate` to annotations and a summary. Pure."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.inert import code, plain, table

_AS_IT_SHOULD_BE = frozenset({"clean", "kept", "unchanged"})
_DONE = frozenset({"created", "updated", "merged", "removed"})
_PROBLEM = re.compile(
    r"(?:ci-gen: )?(?P<file>[^\s:][^:\n]*):(?P<line>\d+)(?::\d+)?: (?P<message>.+)"
)
DIFF_LINES = 200


@dataclass(frozen=True, kw_only=True)
class File:
    """One generated file that is worth a word; `done` where generate put it right."""

    path: str
    status: str
    why: str
    diff: str
    done: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """What ci-gen said: `status` is clean, changed or drift."""

    status: str
    version: str
    total: int
    files: tuple[File, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A problem of a config: the file, the line (1-based), what is wrong."""

    file: str
    line: int
    message: str


def read_report(text: bytes) -> Report:
    """The document that ci-gen printed. Raises ValueError for anything else."""
    try:
        found: Mapping[str, Any] = json.loads(text)
        files = tuple(
            _file(each) for each in found["files"] if each["status"] not in _AS_IT_SHOULD_BE
        )
        return Report(
            status=str(found["status"]),
            version=str(found["ci_gen"]),
            total=len(found["files"]),
            files=files,
            notes=tuple(str(note) for note in found["notes"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a report of ci-gen: {type(error).__name__}: {error}") from error


def _file(each: Mapping[str, Any]) -> File:
    return File(
        path=str(each["path"]),
        status=str(each["status"]),
        why=str(each["why"]),
        diff=str(each.get("diff", "")),
        done=each["status"] in _DONE,
    )


def places(text: str, folder: str) -> list[Place]:
    """The `file:line:column: message` lines of an error, the files relative to the checkout."""
    return [
        Place(
            file=posixpath.normpath(posixpath.join(folder, found["file"])),
            line=int(found["line"]),
            message=found["message"],
        )
        for line in text.splitlines()
        if (found := _PROBLEM.fullmatch(line))
    ]


def summary(report: Report, command: str) -> str:
    """The step summary."""
    text = f"### {_title(report, command)}\n\n"
    for note in report.notes:
        text += f"{plain(note)}\n\n"
    if not report.files:
        return text
    rows = [(code(each.path), plain(each.status), plain(each.why)) for each in report.files]
    text += f"{table(('File', 'State', 'Why'), rows)}\n"
    for each in report.files:
        if each.diff:
            shown = f"{code(each.path)}\n\n{_fenced(each.diff)}"
            text += f"<details><summary>Difference</summary>\n\n{shown}\n</details>\n\n"
    return text + _advice(report, command)


def _title(report: Report, command: str) -> str:
    count = len(report.files)
    noun = "file" if count == 1 else "files"
    if report.status == "drift":
        said = f"{count} of {report.total} generated {noun} drifted"
    elif report.status == "changed":
        said = f"{count} generated {noun} brought up to date"
    else:
        said = f"all {report.total} generated files are as they should be"
    return f"ci-gen {plain(report.version)} {command}: {said}"


def _advice(report: Report, command: str) -> str:
    if report.status != "drift":
        return ""
    if command == "generate":
        return "These files were left alone: settle them by hand, then run `ci-gen generate`.\n"
    return "Run `ci-gen generate` and commit what it writes; it keeps edits made by hand.\n"


def _fenced(diff: str) -> str:
    lines = diff.splitlines()
    more = len(lines) - DIFF_LINES
    shown = lines[:DIFF_LINES] + ([f"… {more} more lines"] if more > 0 else [])
    fence = "```"
    while any(fence in line for line in shown):
        fence += "`"
    return f"{fence}diff\n" + "".join(f"{line}\n" for line in shown) + f"{fence}\n"
