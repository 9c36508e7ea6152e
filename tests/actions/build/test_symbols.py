"""Binaries that a compiler made, stripped by the objcopy of this machine."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from tests.support.action_runs import environment

from ci_gen_actions.build import elf
from ci_gen_actions.build.package import STAGING, Package, collect
from ci_gen_actions.build.staging import lay_out
from ci_gen_actions.build.symbols import objcopy, split
from ci_gen_actions.core.archive import Entry
from ci_gen_actions.core.errors import CannotDecide

TOOL = shutil.which("objcopy") or ""
CC = shutil.which("cc") or shutil.which("gcc") or ""

needs_tools = pytest.mark.skipif(not (TOOL and CC), reason="objcopy or a C compiler is missing")


def compiled(folder: Path) -> Path:
    """A build folder with a program and a library, both with debug information."""
    folder.mkdir(parents=True)
    (folder / "half.c").write_text("int half(int x) { return x / 2; }\n")
    (folder / "main.c").write_text("int half(int);\nint main(void) { return half(84) != 42; }\n")
    subprocess.run([CC, "-g", "-shared", "-fPIC", "-o", "libhalf.so", "half.c"], cwd=folder,
                   check=True)  # fmt: skip
    subprocess.run([CC, "-g", "-o", "program", "main.c", "-L.", "-lhalf",
                    "-Wl,-rpath,$ORIGIN:$ORIGIN/../lib"], cwd=folder, check=True)  # fmt: skip
    return folder


@needs_tools
def test_symbols_go_into_files_of_their_own(tmp_path: Path) -> None:
    build = compiled(tmp_path / "b")
    before = (build / "program").read_bytes()
    package = split(collect(build, ()), build, TOOL, environment())
    assert [each.name for each in package.debug] == [
        "bin/.debug/program.debug",
        "lib/.debug/libhalf.so.debug",
    ]
    assert (build / "program").read_bytes() == before
    for entry, debug in zip(package.entries, package.debug, strict=True):
        assert entry.source is not None
        assert debug.source is not None
        sections = elf.sections(entry.source)
        assert not {".symtab", ".debug_info"} & set(sections)
        assert {".symtab", ".debug_info"} <= set(elf.sections(debug.source))
        # as debuggers look for it: its name, and the checksum of its bytes
        at, size = sections[".gnu_debuglink"]
        link = entry.source.read_bytes()[at : at + size]
        assert link.split(b"\0")[0].decode() == Path(debug.name).name
        assert struct.unpack("<I", link[-4:])[0] == zlib.crc32(debug.source.read_bytes())


@needs_tools
def test_what_was_stripped_still_runs(tmp_path: Path) -> None:
    build = compiled(tmp_path / "b")
    package = split(collect(build, ()), build, TOOL, environment())
    folder = lay_out(package.entries, build / STAGING / "package")
    (build / "libhalf.so").unlink()
    subprocess.run([folder / "bin/program"], check=True, env={})


@needs_tools
def test_names_of_nvccs_temporary_files_are_forgotten(tmp_path: Path) -> None:
    """They hold a process id: without this no two CUDA packages would be equal."""
    digests = set()
    for number in (4711, 4712):
        build = tmp_path / str(number)
        build.mkdir()
        name = f"tmpxft_{number:08x}_00000000-6_k.cudafe1.cpp"
        (build / name).write_text("static int x = 1;\nint main() { return x - 1; }\n")
        subprocess.run([CC, "-x", "c", "-o", "k", name, "-Wl,--build-id=none"], cwd=build,
                       check=True)  # fmt: skip
        package = split(collect(build, ()), build, TOOL, environment())
        sources = [each.source for each in (*package.entries, *package.debug)]
        digests.add(tuple(each.read_bytes() for each in sources if each))
    assert len(digests) == 1


@needs_tools
def test_what_is_no_binary_stays(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\n")
    package = Package(entries=(Entry("run.sh", script), Entry("x", data=b"1")), system_libraries=())
    assert split(package, tmp_path / "b", TOOL, environment()) == package


@needs_tools
def test_a_file_that_the_tool_refuses(tmp_path: Path) -> None:
    broken = tmp_path / "program"
    head = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, 9999, 0, 64, 56, 0, 64, 9, 8)
    broken.write_bytes(b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + head)
    package = Package(entries=(Entry("bin/program", broken),), system_libraries=())
    with pytest.raises(CannotDecide, match="bin/program could not be stripped") as raised:
        split(package, tmp_path / "b", TOOL, environment())
    assert "set strip to false" in str(raised.value)


def test_the_tool_of_the_compilers_is_taken(tmp_path: Path) -> None:
    tool = tmp_path / "aarch64-linux-gnu-objcopy"
    environ = {"PATH": str(tmp_path)}
    assert objcopy({"CMAKE_OBJCOPY": str(tool)}, environ) == ""
    tool.write_text("#!/bin/sh\n")
    assert objcopy({"CMAKE_OBJCOPY": str(tool)}, environ) == str(tool)
    (tmp_path / "objcopy").write_text("#!/bin/sh\n")
    (tmp_path / "objcopy").chmod(0o755)
    assert objcopy({}, environ) == str(tmp_path / "objcopy")
    assert objcopy({"CMAKE_OBJCOPY": "CMAKE_OBJCOPY-NOTFOUND"}, environ).endswith("/objcopy")


def test_laying_out(tmp_path: Path) -> None:
    (tmp_path / "libx.so.1").write_text("x")
    (tmp_path / "libx.so").symlink_to("libx.so.1")
    (tmp_path / "package/stale").mkdir(parents=True)
    entries = [
        Entry("lib/libx.so", tmp_path / "libx.so"),
        Entry("lib/libx.so.1", tmp_path / "libx.so.1"),
        Entry("manifest.json", data=b"{}"),
    ]
    folder = lay_out(entries, tmp_path / "package")
    assert (folder / "lib/libx.so").read_text() == "x"
    assert str((folder / "lib/libx.so").readlink()) == "libx.so.1"
    assert (folder / "manifest.json").read_bytes() == b"{}"
    assert not (folder / "stale").exists()
