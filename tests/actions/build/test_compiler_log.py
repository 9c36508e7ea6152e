from __future__ import annotations

from pathlib import Path

import pytest

from ci_gen_actions.build import compiler_cache, compiler_log
from ci_gen_actions.build.compiler_log import Finding

GCC = """\
[1/2] Building C object CMakeFiles/x.dir/a.c.o
/w/src/a.c:3:12: error: 'y' undeclared (first use in this function)
/w/src/a.c:9:2: warning: unused
/w/inc/b.h:1:10: fatal error: nope.h: No such file or directory
/w/src/a.c:3:12: error: 'y' undeclared (first use in this function)
"""
NVCC = 'k.cu(12): error: identifier "x" is undefined\n'
CMAKE = """\
CMake Error at cmake/x.cmake:7 (message):
  The library is
  missing.
Call Stack (most recent call first):
"""
LINKER = "/usr/bin/ld: a.o: in function `main':\na.c:(.text+0x5): undefined reference to `y'\n"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            GCC,
            [
                Finding("/w/src/a.c", 3, "'y' undeclared (first use in this function)"),
                Finding("/w/inc/b.h", 1, "nope.h: No such file or directory"),
            ],
        ),
        (NVCC, [Finding("k.cu", 12, 'identifier "x" is undefined')]),
        (CMAKE, [Finding("cmake/x.cmake", 7, "The library is missing.")]),
        (LINKER, [Finding("", 0, "a.c:(.text+0x5): undefined reference to `y'")]),
        ("all is well\n", []),
    ],
)
def test_findings(output: str, expected: list[Finding]) -> None:
    assert compiler_log.findings(output) == expected


def test_no_more_findings_than_are_shown() -> None:
    output = "".join(f"a.c:{line}:1: error: x\n" for line in range(1, 40))
    assert len(compiler_log.findings(output)) == compiler_log.MOST_ANNOTATIONS


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("a.s: fatal error: error writing to a.o: No space left on device", "disk"),
        ("g++: fatal error: Killed signal terminated program cc1plus", "memory"),
        ("CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage", "compiler"),
        ("  No CMAKE_CXX_COMPILER could be found.", "compiler"),
    ],
)
def test_the_machine_is_at_fault(output: str, what: str) -> None:
    found = compiler_log.starved(output)
    assert found is not None
    assert what in found.what
    assert found.next


@pytest.mark.parametrize("output", [GCC, NVCC, CMAKE, LINKER])
def test_the_code_is_at_fault(output: str) -> None:
    assert compiler_log.starved(output) is None


def test_place(tmp_path: Path) -> None:
    (tmp_path / "w/src").mkdir(parents=True)
    (tmp_path / "w/src/a.c").touch()
    (tmp_path / "out.h").touch()
    workspace = tmp_path / "w"
    bases = (workspace / "build", workspace / "src")
    assert compiler_log.place("a.c", bases, workspace) == "src/a.c"
    assert compiler_log.place(str(workspace / "src/a.c"), bases, workspace) == "src/a.c"
    assert compiler_log.place(str(tmp_path / "out.h"), bases, workspace) == ""
    assert compiler_log.place("b.c", bases, workspace) == ""


def test_assertion() -> None:
    output = "t: ./tests/t.c:8: main: Assertion `x' failed.\n"
    assert compiler_log.assertion(output) == Finding("./tests/t.c", 8, "")
    assert compiler_log.assertion("expected 3, got 4") is None


def test_cache_use(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert compiler_cache.read(log) is None
    log.write_text("# a.o\ndirect_cache_hit\n# b.o\npreprocessed_cache_hit\n# c.o\ncache_miss\n")
    found = compiler_cache.read(log)
    assert found == compiler_cache.CacheUse(2, 1)
    assert str(found) == "67% (2 of 3)"
    log.write_text("")
    assert str(compiler_cache.read(log)) == "nothing to compile"
