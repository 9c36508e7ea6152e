from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.build import cuda_binaries, elf
from ci_gen_actions.build.cuda_architectures import (
    expected,
    lacking,
    require_known,
    supported,
    words,
)
from ci_gen_actions.build.cuda_binaries import DeviceCode, Findings, find, parse_listing, read
from ci_gen_actions.core.archive import Entry
from ci_gen_actions.core.errors import CannotDecide

# What cuobjdump 13.2 --list-elf --list-ptx says of a program that nvcc 13.0 compiled.
LISTING = """\
ELF file    1: k.1.sm_80.cubin
ELF file    2: k.2.sm_86.cubin
ELF file    3: k.3.sm_90a.cubin
ELF file    4: k.4.sm_100.cubin
PTX file    1: k.1.sm_86.ptx
PTX file    2: k.2.sm_90a.ptx
"""
NVCC_13 = (75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121)
PTX, SASS = 1, 2
SPECIFIC = 0x100011


def code(sass: str = "", ptx: str = "") -> DeviceCode:
    return DeviceCode(sass=frozenset(sass.split()), ptx=frozenset(ptx.split()))


def image(kind: int, number: int, flags: int = 0x11, body: bytes = b"x" * 16) -> bytes:
    head = struct.pack("<HHIQIIHHIIIQQQ", kind, 0x101, 64, len(body), 0, 0, 8, 1, number, 0, 0,
                       flags, 0, 0)  # fmt: skip
    return head + body


def fat(*images: bytes) -> bytes:
    body = b"".join(images)
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def library(path: Path, section: bytes, name: bytes = b".nv_fatbin") -> Path:
    """An ELF file of two sections: this one, and their names."""
    names = b"\0" + name + b"\0.shstrtab\0"
    at = 64 + len(section) + len(names)
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, at, 0, 64, 56, 0, 64, 3, 2)
    entry = struct.Struct("<IIQQQQIIQQ")
    table = entry.pack(*[0] * 10)
    table += entry.pack(1, 1, 2, 0, 64, len(section), 0, 0, 8, 0)
    table += entry.pack(len(name) + 2, 3, 0, 0, 64 + len(section), len(names), 0, 0, 1, 0)
    path.write_bytes(head + section + names + table)
    return path


def test_a_listing() -> None:
    assert parse_listing(LISTING) == code("80 86 90a 100", "86 90a")
    assert parse_listing("cuobjdump info    : File does not contain device code\n") is None


def test_sections(tmp_path: Path) -> None:
    path = library(tmp_path / "libx.so", b"12345678")
    assert elf.sections(path)[".nv_fatbin"] == (64, 8)
    assert elf.sections(Path(__file__)) == {}


def test_the_section_is_read_where_there_is_no_cuobjdump(tmp_path: Path) -> None:
    section = fat(image(SASS, 80), image(PTX, 90, SPECIFIC)) + bytes(8) + fat(image(SASS, 86))
    library(tmp_path / "libx.so", section)
    (tmp_path / "liby.so").symlink_to("libx.so")
    (tmp_path / "notes").write_text("x")
    entries = [Entry(each, tmp_path / each) for each in ("libx.so", "liby.so", "notes")]
    assert find(entries, "", {}) == Findings(files={"libx.so": code("80 86", "90a")})


def test_cuobjdump_is_believed_where_it_answers(tmp_path: Path) -> None:
    tool = tmp_path / "cuobjdump"
    tool.write_text(f'#!/bin/sh\n[ "$1 $2" = "--list-elf --list-ptx" ] || exit 1\necho "{LISTING}"')
    tool.chmod(0o755)
    entries = [Entry("lib/libx.so", library(tmp_path / "libx.so", b"a new layout"))]
    environ = dict(os.environ)
    found = find(entries, str(tool), environ)
    assert found.files["lib/libx.so"] == code("80 86 90a 100", "86 90a")
    tool.write_text("#!/bin/sh\nexit 1")
    assert find(entries, str(tool), environ).unknown == ("lib/libx.so",)
    assert find(entries, str(tmp_path / "gone"), environ).unknown == ("lib/libx.so",)


@pytest.mark.parametrize(
    "section",
    [
        b"nothing known",
        fat(image(SASS, 80))[:-1],
        fat(image(7, 80)),
        fat(image(SASS, 80)).replace(b"\x01\x01", b"\x02\x01", 1),
        fat(struct.pack("<HHIQ", SASS, 0x101, 8, 0)),
        struct.pack("<IHHQ", 0xBA55ED50, 1, 0, 0),
    ],
    ids=["no magic", "cut off", "kind", "layout", "short header", "no header"],
)
def test_an_unknown_layout_is_no_answer(tmp_path: Path, section: bytes) -> None:
    entries = [Entry("libx.so", library(tmp_path / "libx.so", section))]
    found = find(entries, "", {})
    assert found == Findings(unknown=("libx.so",))
    require_known((), found)
    with pytest.raises(CannotDecide, match="cannot be told") as raised:
        require_known(("80",), found)
    assert "install the cuobjdump" in str(raised.value)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("x") / "x"
    path.write_bytes(data)
    read(path, 0, len(data))
    path.write_bytes(fat(data))
    read(path, 0, len(data) + 16)
    path.write_bytes(b"\x7fELF" + data)
    elf.sections(path)


@pytest.mark.parametrize(
    ("wanted", "there", "missing"),
    [
        ("80", code("80", "80"), ()),
        ("80", code("80"), ("80 as PTX in f",)),
        ("80", code("", "80"), ("80 as SASS in f",)),
        ("80-real", code("80"), ()),
        ("80-real", code("86", "80"), ("80 as SASS in f",)),
        ("90-virtual", code("80", "90"), ()),
        ("90-virtual", code("90", "80"), ("90 as PTX in f",)),
        ("90a-real", code("90a"), ()),
        ("90a-real", code("90"), ("90a as SASS in f",)),
        # llama.cpp compiles 120a for 120
        ("120-real", code("120a"), ()),
        ("100f-real", code("100"), ()),
        ("80-real 86-real 90-virtual", code("80", "90"), ("86 as SASS in f",)),
    ],
)
def test_what_is_missing(wanted: str, there: DeviceCode, missing: tuple[str, ...]) -> None:
    assert lacking(wanted.split(), Findings(files={"f": there})) == missing


def test_every_file_with_gpu_code_needs_it() -> None:
    files = {"one": code("80 86"), "two": code("80")}
    assert lacking(("80-real", "86-real"), Findings(files=files)) == ("86 as SASS in two",)
    assert lacking(("80",), Findings()) == ("80",)


def test_several_at_a_word() -> None:
    assert expected(("86", "80-real"), (), {}) == ("86", "80-real")
    assert expected(("all-major",), NVCC_13, {}) == (
        *("75-real", "80-real", "90-real", "100-real", "110-real", "120-real"),
        "120-virtual",
    )
    both = expected(("all",), NVCC_13, {})
    assert (len(both), both[-2:]) == (13, ("121-real", "120-virtual"))
    assert expected(("all",), (), {"all": "50-real;52"}) == ("50-real", "52")
    assert expected(("native", "80"), NVCC_13, {"native": "86-real"}) == ("86-real", "80")
    with pytest.raises(CannotDecide, match="what native stands for"):
        expected(("native",), NVCC_13, {"native": ""})


def test_what_nvcc_supports() -> None:
    assert supported("sm_75\nsm_110\nsm_103\nsm_90a\n") == (75, 103, 110)


def test_what_cmake_noted(tmp_path: Path) -> None:
    folder = tmp_path / "CMakeFiles/3.25.1"
    folder.mkdir(parents=True)
    (folder / "CMakeCUDACompiler.cmake").write_text(
        'set(CMAKE_CUDA_ARCHITECTURES_ALL "50-real;52")\n'
        'set(CMAKE_CUDA_ARCHITECTURES_ALL_MAJOR "50-real")\n'
        'set(CMAKE_CUDA_ARCHITECTURES_NATIVE "")\n'
    )
    assert words(tmp_path) == {"all": "50-real;52", "all-major": "50-real", "native": ""}
    assert words(folder) == {}


def test_how_it_is_told() -> None:
    assert str(code("90a 80 100", "80")) == "SASS for 80, 90a, 100 and PTX for 80"
    assert str(code()) == "GPU code for no architecture"
    assert code("100 90a", "").document() == {"sass": ["90a", "100"], "ptx": []}
    assert cuda_binaries.DeviceCode().document() == {"sass": [], "ptx": []}
