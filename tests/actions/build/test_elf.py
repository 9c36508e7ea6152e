from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.action_runs import compiler, environment, missing_tool

from ci_gen_actions.build.elf import Elf, Kind, read

needs_compiler = pytest.mark.skipif(missing_tool() != "", reason=missing_tool())


def compile_c(folder: Path, output: str, code: str, *flags: str) -> Path:
    (folder / "x.c").write_text(code)
    words = compiler().get("CC", "cc").split() or ["cc"]
    subprocess.run([*words, "x.c", "-o", output, *flags], cwd=folder, env=environment(), check=True)
    return folder / output


def tiny(*, wide: bool, big: bool, kind: int, segments: list[tuple[int, int, int, int]]) -> bytes:
    """An ELF header with program headers of (type, offset, address, size)."""
    order = ">" if big else "<"
    identity = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    size, entry = (64, 56) if wide else (52, 32)
    layout = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    header = struct.pack(
        order + layout, kind, 62, 1, 0, size, 0, 0, size, entry, len(segments), 0, 0, 0
    )
    table = b""
    for each, offset, address, length in segments:
        if wide:
            table += struct.pack(order + "IIQQQQQQ", each, 4, offset, address, 0, length, length, 1)
        else:
            table += struct.pack(order + "IIIIIIII", each, offset, address, 0, length, length, 4, 1)
    return identity + header + table


@needs_compiler
def test_library_and_program(tmp_path: Path) -> None:
    compile_c(
        tmp_path, "liby.so", "int y(void){return 1;}", "-shared", "-fPIC", "-Wl,-soname,liby.so.1"
    )
    (tmp_path / "liby.so.1").symlink_to("liby.so")
    program = compile_c(
        tmp_path, "p", "int y(void); int main(void){return y();}", "-L.", "-l:liby.so.1"
    )
    assert read(tmp_path / "liby.so.1").soname == "liby.so.1"  # type: ignore[union-attr]
    found = read(program)
    assert found is not None
    assert found.kind is Kind.EXECUTABLE
    assert "liby.so.1" in found.needed
    library = read(tmp_path / "liby.so")
    assert library is not None
    assert library.kind is Kind.LIBRARY


@needs_compiler
def test_what_is_no_program(tmp_path: Path) -> None:
    assert read(compile_c(tmp_path, "x.o", "int y;", "-c")) is None
    (tmp_path / "script").write_text("#!/bin/sh\n")
    assert read(tmp_path / "script") is None
    (tmp_path / "empty").touch()
    assert read(tmp_path / "empty") is None


def test_this_python() -> None:
    found = read(Path(sys.executable).resolve())
    assert found is not None
    assert found.kind is Kind.EXECUTABLE


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("big", [True, False])
def test_layouts(tmp_path: Path, wide: bool, big: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(tiny(wide=wide, big=big, kind=2, segments=[]))
    assert read(path) == Elf(Kind.EXECUTABLE)
    path.write_bytes(tiny(wide=wide, big=big, kind=3, segments=[]))
    assert read(path) == Elf(Kind.LIBRARY)
    path.write_bytes(tiny(wide=wide, big=big, kind=3, segments=[(3, 0, 0, 0)]))
    assert read(path) == Elf(Kind.EXECUTABLE)


@pytest.mark.parametrize("wide", [True, False])
def test_names(tmp_path: Path, wide: bool) -> None:
    word = "<QQ" if wide else "<II"
    strings = b"\0libneed.so.3\0me.so\0"
    start = 64 + 2 * 56 if wide else 52 + 2 * 32
    tags = [(1, 1), (14, 14), (5, 0x1000 + start), (10, len(strings)), (0, 0)]
    table = b"".join(struct.pack(word, *each) for each in tags)
    at = start + len(strings)
    segments = [(1, 0, 0x1000, at), (2, at, 0x1000 + at, len(table))]
    path = tmp_path / "x"
    path.write_bytes(tiny(wide=wide, big=False, kind=3, segments=segments) + strings + table)
    assert read(path) == Elf(Kind.LIBRARY, ("libneed.so.3",), "me.so")


@given(st.binary(max_size=200), st.integers(0, 200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_damaged_files_are_no_programs(tmp_path: Path, noise: bytes, length: int) -> None:
    whole = tiny(wide=True, big=False, kind=3, segments=[(2, 5, 5, 900), (1, 0, 0, 1 << 62)])
    path = tmp_path / "x"
    path.write_bytes(whole[:length] + noise)
    found = read(path)
    assert found is None or found.kind in Kind
