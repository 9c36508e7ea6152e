"""pytest suites: where tests lie, and which of them need the built binaries."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable

from ci_gen.detect.model import PytestSuite, Seen, SuiteKind
from ci_gen.detect.toml import read_toml, strings, table
from ci_gen.detect.tree import (
    Tree,
    aside,
    by_depth,
    folder_of,
    inside,
    inside_any,
    line_at,
    third_party,
)

_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py")
_TEST_FOLDER = re.compile(r"tests?|testing|[\w-]*[_-]tests?|tests?[_-][\w-]*|e2e|integration")
_INTEGRATION_FOLDER = re.compile(
    r"(?:^|[_-])(?:integration|e2e|end[_-]?to[_-]?end|functional|system|smoke|acceptance)(?:$|[_-])",
    re.IGNORECASE,
)
# A file's name says less than a folder's: test_system_prompt.py is a unit test.
_INTEGRATION_FILE = re.compile(r"(?:^|_)(?:integration|e2e|end_to_end|smoke)(?:$|_)", re.IGNORECASE)
_INTEGRATION_MARK = re.compile(
    r"^pytestmark\s*[:=][^\n]*(?:\n[ \t\])][^\n]*)*?\bmark\.(?:integration|e2e|end_to_end|smoke)\b",
    re.MULTILINE,
)
_DEFINES_TESTS = re.compile(r"^(?:async )?def test|^\s*class \w*Test|\bTestCase\b", re.MULTILINE)
_FIXTURES = re.compile(r"(?:^|/)(?:testdata|fixtures|data|golden|snapshots|templates)/")
_NEEDS_BINARIES = re.compile(
    r"build/bin\b|\bllama-(?:server|cli|bench)\b|\bCI_GEN_PACKAGE_DIR\b|\b[A-Z_]*_BIN_PATH\b"
    r"|\bsubprocess\.(?:Popen|run|call|check_\w+)|\bcreate_subprocess_"
)
_CONFIGS = ("pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")


def nested_suites(suite: PytestSuite, suites: Iterable[PytestSuite]) -> tuple[str, ...]:
    """The paths that a run of `suite` must ignore, as other suites lie there."""
    return tuple(
        sorted(
            other.path
            for other in suites
            if other.path != suite.path and inside(other.path, suite.path)
        )
    )


def find_suites(tree: Tree, foreign: tuple[str, ...]) -> tuple[PytestSuite, ...]:
    """Find the suites of the repository's owner: configured `testpaths`, then folders by name.

    Where testpaths are configured, other folders below that configuration count only if
    they hold integration tests, which are often left out of the default run.
    """
    files = [
        path
        for path in tree.matching(_TEST_FILE)
        if not third_party(path) and not _FIXTURES.search(path) and not inside_any(path, foreign)
    ]
    configured = _configured(tree, files)
    found: list[PytestSuite] = []
    left = list(files)
    for path, seen in configured.items():
        taken = [file for file in left if inside(file, path)]
        left = [file for file in left if not inside(file, path)]
        found += _split(tree, path, taken, seen)
    scopes = {folder_of(seen.path) for seen in configured.values()}
    named = _by_folder(left)
    for path, taken in (named if named or found else _loose(left)).items():
        suites = _split(tree, path, taken, None)
        if any(inside(path, scope) for scope in scopes):
            suites = [suite for suite in suites if suite.kind is SuiteKind.INTEGRATION]
        found += suites
    return tuple(sorted(found, key=lambda suite: suite.path))


def _configured(tree: Tree, files: list[str]) -> dict[str, Seen]:
    """The testpaths of every pytest configuration that has some with tests in them."""
    found: dict[str, Seen] = {}
    for path in by_depth([*tree.named("pyproject.toml", *_CONFIGS)]):
        folder = folder_of(path)
        if "testpaths" not in tree.read(path) or third_party(path):
            continue
        line = _line_of(tree.read(path), "testpaths")
        for item in _testpaths(tree, path):
            relative = item.strip().removeprefix("./").rstrip("/")
            target = relative if folder == "." else f"{folder}/{relative}"
            if relative in ("", "."):
                continue
            pattern = re.compile(re.escape(target).replace(r"\*", "[^/]*"))
            targets = {match[0] for file in files if (match := _at_border(pattern, file))}
            for one in sorted(targets):
                found.setdefault(one, Seen(path, line))
    return found


def _at_border(pattern: re.Pattern[str], path: str) -> re.Match[str] | None:
    match = pattern.match(path)
    return match if match and path[match.end() : match.end() + 1] in ("", "/") else None


def _testpaths(tree: Tree, path: str) -> list[str]:
    if path.endswith(".toml"):
        options = table(read_toml(tree, path), "tool", "pytest", "ini_options")
        options = options or table(read_toml(tree, path), "tool", "pytest")
        stated = options.get("testpaths")
        return stated.split() if isinstance(stated, str) else strings(stated)
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(tree.read(path))
    except configparser.Error as error:
        tree.note(f"{path}: broken: {str(error).splitlines()[0]}")
        return []
    section = "tool:pytest" if path.endswith("setup.cfg") else "pytest"
    return parser.get(section, "testpaths", fallback="").split()


def _line_of(text: str, word: str) -> int:
    match = re.search(rf"(?m)^\s*{word}\s*=", text)
    return line_at(text, match.start()) + match[0].count("\n", 0, -1) if match else 0


def _by_folder(files: list[str]) -> dict[str, list[str]]:
    """Group test files by the outermost folder that is named for tests."""
    groups: dict[str, list[str]] = {}
    for path in files:
        parts = path.split("/")[:-1]
        depth = next((i for i, part in enumerate(parts) if _TEST_FOLDER.fullmatch(part)), None)
        if depth is not None:
            groups.setdefault("/".join(parts[: depth + 1]), []).append(path)
    return groups


def _loose(files: list[str]) -> dict[str, list[str]]:
    """Group test files that lie beside the code by what is at the root; the last resort."""
    groups: dict[str, list[str]] = {}
    for path in files:
        if not aside(path):
            groups.setdefault(path.split("/")[0], []).append(path)
    return groups


def _split(tree: Tree, path: str, files: list[str], seen: Seen | None) -> list[PytestSuite]:
    """Make suites of the test files below a path: one of each kind, or one per integration part."""
    integration: dict[str, str] = {}
    unit: list[str] = []
    for file in files:
        first = _first_test(tree, file)
        if not first:
            continue
        part = _integration_part(tree, path, file)
        if part:
            integration.setdefault(part, file)
        else:
            unit.append(file)
    suites = []
    if unit:
        shown = seen or Seen(unit[0], _first_test(tree, unit[0]))
        suites.append(PytestSuite(path=path, kind=SuiteKind.UNIT, seen=shown))
    elif integration:
        shown = seen or Seen(files[0], _first_test(tree, files[0]))
        return [PytestSuite(path=path, kind=SuiteKind.INTEGRATION, seen=shown)]
    for part, file in integration.items():
        shown = Seen(file, _first_test(tree, file))
        suites.append(PytestSuite(path=part, kind=SuiteKind.INTEGRATION, seen=shown))
    return suites


def _first_test(tree: Tree, path: str) -> int:
    """The line of the first test that a file defines, 0 if it defines none."""
    text = tree.read(path)
    match = _DEFINES_TESTS.search(text)
    return line_at(text, match.start()) + match[0].count("\n") if match else 0


def _integration_part(tree: Tree, path: str, file: str) -> str:
    """The outermost folder, from `path` down, or the file that is named or marked integration."""
    parts = file.split("/")
    for index, part in enumerate(parts[:-1]):
        folder = "/".join(parts[: index + 1])
        if _INTEGRATION_FOLDER.search(part) and (inside(folder, path) or inside(path, folder)):
            return folder if inside(folder, path) else path
    stem = parts[-1].removesuffix(".py")
    if _INTEGRATION_FILE.search(stem) or _INTEGRATION_MARK.search(tree.read(file)):
        return file
    return ""


def needs_binaries(tree: Tree, suite: PytestSuite, nested: tuple[str, ...] = ()) -> bool:
    """Whether a suite starts what CMake built, by what its Python files name.

    `nested` are paths below it that other suites run.
    """
    files = [path for path in tree.below(suite.path) if path.endswith(".py")]
    below = [path for path in files if not inside_any(path, nested)]
    return any(_NEEDS_BINARIES.search(tree.read(path)) for path in below)
