"""CMake projects, the tests that they register, and a reader of CMake calls.

CMake files are scanned, not evaluated: a call counts whether or not an `if` surrounds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_gen.detect.model import Seen
from ci_gen.detect.tree import (
    Tree,
    aside,
    by_depth,
    folder_of,
    inside,
    inside_any,
    join,
    third_party,
)

_LIST_FILE = "CMakeLists.txt"
_MODULE = re.compile(r".+\.cmake")
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|#\[(=*)\[.*?\]\1\]|#[^\n]*', re.DOTALL)
_INTERESTING = re.compile(
    r"\b(project|include|enable_testing|add_test|\w+_discover_tests|gtest_add_tests"
    r"|ecm_add_tests?|qt_add_test|ament_add_gtest|add_subdirectory|find_package|find_library"
    r"|pkg_(?:check|search)_modules?|fetchcontent_declare|externalproject_add|cpm\w*package)"
    r"\s*\(",
    re.IGNORECASE,
)
_PAREN_OR_STRING = re.compile(r'"(?:\\.|[^"\\])*"|[()]', re.DOTALL)
_REGISTERS = re.compile(
    r"add_test|\w+_discover_tests|gtest_add_tests|ecm_add_tests?|qt_add_test|ament_add_gtest"
)
MANY_PROJECTS = 4
"""With more CMake projects than this, those that do not speak of llama are left out."""


@dataclass(frozen=True)
class Call:
    """One call in a CMake file: its name in lower case, its arguments as written, its line."""

    name: str
    arguments: str
    line: int


def strip_comments(text: str) -> str:
    """Remove CMake comments; every line keeps its number."""

    def keep(match: re.Match[str]) -> str:
        found = match[0]
        return found if found.startswith('"') else "\n" * found.count("\n")

    return _STRING_OR_COMMENT.sub(keep, text) if "#" in text else text


def calls(text: str) -> Iterator[Call]:
    """Find the calls that say something about projects, tests or dependencies, in order."""
    clean = strip_comments(text)
    line, counted = 1, 0
    for match in _INTERESTING.finditer(clean):
        line += clean.count("\n", counted, match.start())
        counted = match.start()
        yield Call(match[1].lower(), _arguments(clean, match.end()), line)


def _arguments(text: str, start: int) -> str:
    depth = 1
    for match in _PAREN_OR_STRING.finditer(text, start):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
            if not depth:
                return text[start : match.start()]
    return text[start:]


class CMakeFiles:
    """The CMake files of a repository, each scanned at most once."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.paths = by_depth({*tree.named(_LIST_FILE), *tree.matching(_MODULE)})
        self._calls: dict[str, tuple[Call, ...]] = {}

    def calls(self, path: str) -> tuple[Call, ...]:
        """The interesting calls of one file."""
        found = self._calls.get(path)
        if found is None:
            found = self._calls[path] = tuple(calls(self.tree.read(path)))
        return found

    def owned(self, folder: str, foreign: tuple[str, ...]) -> list[str]:
        """The owner's own CMake files in a folder: no third party's, nor in `foreign` folders."""
        return [
            path
            for path in self.paths
            if inside(path, folder)
            and not inside_any(path, foreign)
            and not third_party(path[len(folder) :] if folder != "." else path)
        ]


def find_cmake_projects(files: CMakeFiles, foreign: tuple[str, ...]) -> dict[str, Seen]:
    """Find the folders whose CMakeLists.txt calls project() and lies below no other such folder.

    `foreign` are folders of other people's code. Examples, tests and the like count only
    where the repository has no other CMake project.
    """
    found: dict[str, Seen] = {}
    for path in files.tree.named(_LIST_FILE):
        if third_party(path) or inside_any(path, foreign):
            continue
        line = next((call.line for call in files.calls(path) if call.name == "project"), 0)
        if line:
            found[folder_of(path)] = Seen(path, line)
    for path in by_depth(found):
        if path in found:
            for below in [other for other in found if other != path and inside(other, path)]:
                del found[below]
    main = {path: seen for path, seen in found.items() if not aside(f"{path}/")}
    return _fewer(files, main, foreign)


def _fewer(files: CMakeFiles, found: dict[str, Seen], foreign: tuple[str, ...]) -> dict[str, Seen]:
    """Among many CMake projects keep those that speak of llama, and say so."""
    if len(found) <= MANY_PROJECTS:
        return found
    kept = {path: seen for path, seen in found.items() if mentions_llama(files, path, foreign)}
    if len(kept) < len(found):
        files.tree.note(
            f"{len(found)} folders have a CMake project; those that speak of llama count: "
            + (", ".join(sorted(kept)) or "none")
        )
    return kept


def mentions_llama(files: CMakeFiles, folder: str, foreign: tuple[str, ...]) -> bool:
    """Whether a project's own CMake files speak of llama."""
    return any(
        re.search("llama", strip_comments(files.tree.read(path)), re.IGNORECASE)
        for path in files.owned(folder, foreign)
    )


def find_ctest(files: CMakeFiles, folder: str, foreign: tuple[str, ...]) -> Seen | None:
    """Find where a CMake project switches its own tests on.

    Both halves are needed: ctest finds nothing in the top build folder where tests are
    registered but not enabled from the project's own CMakeLists.txt, or a module that it
    includes, nor where they are enabled but none is registered.
    """
    enabled: Seen | None = None
    registered: Seen | None = None
    for path in files.owned(folder, foreign):
        for call in files.calls(path):
            if _enables(call):
                at_top = folder_of(path) == folder or path.endswith(".cmake")
                enabled = enabled or (Seen(path, call.line) if at_top else None)
            elif _REGISTERS.fullmatch(call.name):
                registered = registered or Seen(path, call.line)
    if registered and not enabled:
        files.tree.note(
            f"{registered}: tests are registered, but {join(folder, _LIST_FILE)} does not call "
            "enable_testing(), so ctest would find none"
        )
    return enabled if registered else None


def _enables(call: Call) -> bool:
    return call.name == "enable_testing" or (
        call.name == "include" and call.arguments.split()[:1] == ["CTest"]
    )
