"""Which llama.cpp a package holds, in the words of its server's `/props`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import ActionError
from ..core.process import capture

PROGRAMS = ("llama-server", "llama-cli", "llama-bench")
"""The programs that tell, the first one that is there."""

_SECONDS = 60.0
# `version: 0.5.0-dev (build 1, commit 958604f)`, and before there was a version of its own
# `version: 4589 (eb7cf15a)`: both from common_params_print_usage and llama_print_build_info
_TODAY = re.compile(r"(?m)^version: .*\(build (\d+), commit ([0-9A-Za-z]+)\)")
_BEFORE = re.compile(r"(?m)^version: (\d+) \(([0-9A-Za-z]+)\)")
_NUMBER = re.compile(r"LLAMA_BUILD_NUMBER\s*=\s*(\d+)\s*;")
_COMMIT = re.compile(r'LLAMA_COMMIT\s*=\s*"([0-9A-Za-z]+)"\s*;')


def of_package(programs: Path, build: Path, environ: Mapping[str, str]) -> str:
    """`b<number>-<commit>`, which /props calls build_info; "" where nothing tells.

    `programs` is the folder of the package's programs. One that cannot start on this machine,
    as a CUDA build without a driver, leaves the word to the file that the build was made from.
    """
    for name in PROGRAMS:
        program = programs / name
        if program.is_file():
            return _said(program, environ) or _written(build)
    return ""


def _said(program: Path, environ: Mapping[str, str]) -> str:
    try:
        done = capture([program, "--version"], env=environ, timeout=_SECONDS)
    except ActionError:
        return ""
    text = done.stdout.decode("utf-8", "replace") + done.output
    return parse_version(text) if done.ok else ""


def parse_version(text: str) -> str:
    """What `--version` said, as /props has it; "" for anything else."""
    found = _TODAY.search(text) or _BEFORE.search(text)
    return f"b{found[1]}-{found[2]}" if found else ""


def _written(build: Path) -> str:
    """From the source file that llama.cpp's CMake files write, wherever it is in the tree."""
    for path in sorted(build.rglob("build-info.cpp")):
        text = path.read_text(encoding="utf-8", errors="replace")
        number, commit = _NUMBER.search(text), _COMMIT.search(text)
        if number and commit:
            return f"b{number[1]}-{commit[1]}"
    return ""
