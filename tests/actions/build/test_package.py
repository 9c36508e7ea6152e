from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.build.package import collect
from ci_gen_actions.core.archive import ArchiveError, write_tar_gz
from ci_gen_actions.core.errors import CannotDecide, UsageError

PROGRAM, LIBRARY = 2, 3


def elf(path: Path, kind: int, needed: str = "", text: bytes = b"") -> None:
    """A minimal ELF file that needs one library."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 2 if needed else 0
    header = struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    data = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + header
    if needed:
        strings = b"\0" + needed.encode() + b"\0"
        at = 64 + 112 + len(strings)
        tags = [(1, 1), (5, 64 + 112), (10, len(strings)), (0, 0)]
        data += struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, at, at, 1)
        data += struct.pack("<IIQQQQQQ", 2, 4, at, at, 0, 64, 64, 1)
        data += strings + b"".join(struct.pack("<QQ", *tag) for tag in tags)
    path.write_bytes(data + text)
    path.chmod(0o755)


def names(build: Path, *paths: str) -> list[str]:
    return [entry.name for entry in collect(build, paths).entries]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    elf(tmp_path / "bin/server", PROGRAM, "libcore.so.1")
    elf(tmp_path / "bin/libcore.so.1.2", LIBRARY, "libc.so.6")
    (tmp_path / "bin/libcore.so.1").symlink_to("libcore.so.1.2")
    elf(tmp_path / "bin/libplugin.so", LIBRARY, "libcore.so.1")
    elf(tmp_path / "src/libother.so", LIBRARY)
    elf(tmp_path / "CMakeFiles/3.28/a.out", PROGRAM)
    (tmp_path / "bin/notes.txt").write_text("x")
    (tmp_path / ".ci-gen-phase").write_text("x")
    return tmp_path


def test_layout(build: Path) -> None:
    package = collect(build, ())
    assert [entry.name for entry in package.entries] == [
        "bin/libplugin.so",
        "bin/server",
        "lib/libcore.so.1",
        "lib/libcore.so.1.2",
        "lib/libother.so",
    ]
    assert package.system_libraries == ("libc.so.6",)


def test_a_program_that_may_not_be_run_is_none(build: Path) -> None:
    (build / "bin/server").chmod(0o644)
    assert "bin/server" not in names(build)


def test_two_of_one_name(build: Path) -> None:
    elf(build / "other/server", PROGRAM, text=b"different")
    with pytest.raises(UsageError, match="bin/server") as caught:
        names(build)
    assert "other/server" in caught.value.why


def test_the_same_file_twice_is_one(build: Path) -> None:
    elf(build / "other/server", PROGRAM, "libcore.so.1")
    assert names(build).count("bin/server") == 1


def test_nothing_to_package(tmp_path: Path) -> None:
    (tmp_path / "readme").write_text("x")
    with pytest.raises(CannotDecide, match="nothing was built"):
        collect(tmp_path, ())


def test_a_link_to_another_folder_becomes_its_file(build: Path) -> None:
    (build / "bin/tool").symlink_to("../bin/server")
    entry = {each.name: each for each in collect(build, ()).entries}["bin/tool"]
    assert entry.source == (build / "bin/server").resolve()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("bin/server", ["bin/server"]),
        ("./bin/server", ["bin/server"]),
        ("bin/*.txt", ["bin/notes.txt"]),
        ("**/*.txt", ["bin/notes.txt"]),
        ("src", ["src/libother.so"]),
        ("**/lib[op]*.so", ["bin/libplugin.so", "src/libother.so"]),
        ("bin/libcore.so.?", ["bin/libcore.so.1", "bin/libcore.so.1.2"]),
        ("*/libother.so", ["src/libother.so"]),
    ],
)
def test_globs(build: Path, pattern: str, expected: list[str]) -> None:
    assert names(build, pattern) == expected


@pytest.mark.parametrize("pattern", ["nothing", "*.so", "../*", "/etc/passwd", "bin/$(id)", "["])
def test_a_glob_that_matches_nothing_is_an_error(build: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match="matches no file"):
        collect(build, ("bin/*", pattern))


@given(st.text(max_size=20))
def test_no_glob_breaks_the_expression(pattern: str) -> None:
    from ci_gen_actions.build.package import _matches

    assert _matches("bin/server", pattern) in (True, False)


def test_a_link_to_the_outside_is_refused(build: Path, tmp_path: Path) -> None:
    (build / "bin/evil").symlink_to("/etc/passwd")
    entries = collect(build, ("bin/evil",)).entries
    with pytest.raises(ArchiveError, match="outside"):
        write_tar_gz(tmp_path / "x.tar.gz", entries, mtime=0)
