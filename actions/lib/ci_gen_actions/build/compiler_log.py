"""What the output of CMake and the compilers says went wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOST_ANNOTATIONS = 10
"""GitHub shows that many errors of one step."""

_COMPILER = re.compile(
    r"(?m)^(?P<file>[^\s:][^:\n]*?)(?::(?P<line>\d+):\d+: |\((?P<nvcc>\d+)\): )"
    r"(?:fatal )?error:? (?P<text>.+)$"
)
_CMAKE = re.compile(
    r"(?m)^CMake Error at (?P<file>[^\s:][^:\n]*):(?P<line>\d+) \([^\n]*\):\n"
    r"(?P<text>(?:  .*\n|\n)+)"
)
_LINKER = re.compile(
    r"(?m)^.*(?:undefined reference to|cannot find -l|multiple definition of|undefined symbol:).*$"
)

_ASSERTION = re.compile(r"(?P<file>[^\s:]+\.(?:c|cc|cpp|cxx|h|hh|hpp|cu|cuh)):(?P<line>[0-9]+)\b")

_STARVED = (
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "the disk is full",
        "free space on the runner, or move build-folder and cache-folder to a larger disk",
    ),
    (
        re.compile(
            r"Killed signal terminated program|virtual memory exhausted|Cannot allocate memory"
            r"|std::bad_alloc|LLVM ERROR: out of memory|c\+\+: fatal error: Killed"
            r"|collect2: fatal error: ld terminated with signal 9"
        ),
        "memory ran out",
        "set the input jobs to a smaller number, or take a runner with more memory",
    ),
    (
        re.compile(
            r"No CMAKE_\w+_COMPILER could be found|CMAKE_\w+_COMPILER not set"
            r"|is not a full path and was not found in the PATH"
            r"|is not able to compile a simple test program"
            r"|is not a full path to an existing compiler tool"
        ),
        "there is no working compiler",
        "apt-get install build-essential (for CUDA: the toolkit), or name the compilers in CC "
        "and CXX",
    ),
)


@dataclass(frozen=True)
class Finding:
    """One error with its place; `file` is "" and `line` 0 where it has none."""

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class Starved:
    """The machine, not the code, made the build fail."""

    what: str
    next: str


def starved(output: str) -> Starved | None:
    """What the machine lacked, None where the code itself is at fault."""
    for pattern, what, advice in _STARVED:
        if pattern.search(output):
            return Starved(what, advice)
    return None


def findings(output: str) -> list[Finding]:
    """The errors of CMake, compilers and linkers, each once, in their order."""
    found: dict[Finding, None] = {}
    for match in _CMAKE.finditer(output):
        text = " ".join(match["text"].split())
        found[Finding(match["file"], int(match["line"]), text)] = None
    for match in _COMPILER.finditer(output):
        line = int(match["line"] or match["nvcc"])
        found[Finding(match["file"], line, match["text"].strip())] = None
    for match in _LINKER.finditer(output):
        found[Finding("", 0, match[0].strip())] = None
    return list(found)[:MOST_ANNOTATIONS]


def assertion(output: str) -> Finding | None:
    """The place that a failing test's output names last, as assert() and test libraries do."""
    last = None
    for match in _ASSERTION.finditer(output):
        last = Finding(match["file"], int(match["line"]), "")
    return last


def place(file: str, folders: tuple[Path, ...], workspace: Path) -> str:
    """The file's path in the checkout, "" for one outside; compilers name it from `folders`."""
    for folder in folders:
        path = Path(folder, file)
        if path.is_file():
            resolved = path.resolve()
            top = workspace.resolve()
            return resolved.relative_to(top).as_posix() if top in resolved.parents else ""
    return ""
