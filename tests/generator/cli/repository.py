"""A generated repository for the tests of the commands, and what a command prints."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from ci_gen.__main__ import main

CI = ".github/workflows/ci.yml"
CONFIG = """\
version: 1
platforms: [github]
actions:
  repository: ci-gen/ci-gen
  commit: 0123456789012345678901234567890123456789
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.14)
project(service C)
add_executable(service service.c)
enable_testing()
add_test(NAME starts COMMAND service)
"""


class Said(NamedTuple):
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


class Shell:
    """Calls commands in a folder, through the same entry as the installed program."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Said:
        self._capsys.readouterr()
        status = main(arguments)
        return Said(status, *self._capsys.readouterr())

    def put(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()


def prepare(root: Path) -> None:
    """A small C project with a config, not generated yet."""
    (root / "CMakeLists.txt").write_text(CMAKE)
    (root / "service.c").write_text("int main(void) { return 0; }\n")
    (root / "ci-gen.yaml").write_text(CONFIG)
