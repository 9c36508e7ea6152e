"""The checks: each takes a file's path and bytes and yields what is wrong with it. Pure."""

from __future__ import annotations

import ast
import importlib
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"

_OURS = re.compile(rb"<{7}(?: .*)?")
_BETWEEN = re.compile(rb"={7}")
_THEIRS = re.compile(rb">{7}(?: .*)?")

_COMMENTED_JSON = re.compile(
    r"(?:^|/)(?:(?:ts|js|pyright)config[^/]*|api-extractor|babel\.config|biome|deno|devcontainer|nx"
    r"|renovate|turbo|\.[^/]*rc)\.json$"
    r"|(?:^|/)(?:\.vscode|\.devcontainer|\.zed)/[^/]*\.json$"
)
"""JSON by name whose readers allow comments."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One mistake: the rule that found it, the file, its line (1-based, 0 for the whole file)."""

    rule: str
    file: str
    line: int
    message: str


Rule = Callable[[str, bytes], Iterator[Finding]]


def conflict_markers(path: str, text: bytes) -> Iterator[Finding]:
    """A merge conflict that was committed: all three markers, in order.

    A line of equals signs alone is a heading in more than one markup language.
    """
    if b"<<<<<<<" not in text or b"\0" in text[:8192]:
        return
    start = between = 0
    for number, line in enumerate(text.splitlines(), 1):
        if _OURS.fullmatch(line):
            start, between = number, 0
        elif start and _BETWEEN.fullmatch(line):
            between = number
        elif between and _THEIRS.fullmatch(line):
            yield Finding(
                rule="conflict-marker",
                file=path,
                line=start,
                message=f"a merge conflict was committed here (it ends in line {number})",
            )
            start = between = 0


def python_syntax(path: str, text: bytes) -> Iterator[Finding]:
    """A Python file that the Python of this runner cannot parse."""
    if PurePosixPath(path).suffix not in (".py", ".pyi"):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text, path)
    except SyntaxError as error:
        yield _finding("python-syntax", path, error.lineno, f"{PYTHON} says: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        yield _finding("python-syntax", path, 0, f"{PYTHON} cannot parse it: {error}")


def json_syntax(path: str, text: bytes) -> Iterator[Finding]:
    """A JSON file that is none; files whose readers allow comments are left alone."""
    if PurePosixPath(path).suffix != ".json" or _COMMENTED_JSON.search(path):
        return
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        yield _finding("json-syntax", path, error.lineno, f"{error.msg}, column {error.colno}")
    except (ValueError, RecursionError) as error:
        yield _finding("json-syntax", path, 0, str(error))


def toml_syntax(path: str, text: bytes) -> Iterator[Finding]:
    """A TOML file that is none; needs the tomllib of Python 3.11 and is silent without."""
    if PurePosixPath(path).suffix != ".toml" or sys.version_info < (3, 11):
        return
    tomllib = importlib.import_module("tomllib")
    try:
        tomllib.loads(text.decode("utf-8"))
    except ValueError as error:
        place = re.search(r"\(at line (\d+), column \d+\)", str(error))
        yield _finding("toml-syntax", path, int(place[1]) if place else 0, str(error))


def _finding(rule: str, path: str, line: int | None, message: str) -> Finding:
    return Finding(rule=rule, file=path, line=line or 0, message=message)


RULES: tuple[Rule, ...] = (conflict_markers, python_syntax, json_syntax, toml_syntax)


def not_run() -> tuple[str, ...]:
    """The rules that this Python cannot apply."""
    return () if sys.version_info >= (3, 11) else ("toml-syntax",)


def oversized(path: str, size: int, limit_kib: int) -> Iterator[Finding]:
    """A file larger than the limit; a limit of 0 allows any. `size` is in bytes."""
    if limit_kib and size > limit_kib * 1024:
        yield _finding(
            "oversized-file",
            path,
            0,
            f"{size / 1024:.0f} KiB, more than the {limit_kib} KiB allowed; keep large files "
            "such as models out of git, raise max-file-kib, or exclude this one",
        )
