from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.support.action_runs import environment, missing_tool

from ci_gen_actions.build import machine


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "allowed", "expected"),
    [
        ({}, 8, 8),
        ({"cpu.max": "max 100000\n"}, 8, 8),
        ({"cpu.max": "250000 100000\n"}, 8, 3),
        ({"cpu.max": "50000 100000\n"}, 8, 1),
        ({"cpu.max": "900000 100000\n"}, 2, 2),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 4, 4),
        ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, 4, 2),
        ({"cpu.max": "junk"}, 4, 4),
    ],
)
def test_cores(tmp_path: Path, files: dict[str, str], allowed: int, expected: int) -> None:
    assert machine.cores(write(tmp_path, files), allowed) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 0),
        ({"meminfo": "MemTotal:  2048 kB\nMemFree: 1 kB\n"}, 2048 * 1024),
        ({"meminfo": "MemTotal: 2048 kB\n", "memory.max": "1024\n"}, 1024),
        ({"meminfo": "MemTotal: 2048 kB\n", "memory.max": "max\n"}, 2048 * 1024),
        (
            {"meminfo": "MemTotal: 1 kB\n", "memory/memory.limit_in_bytes": str((1 << 63) - 4096)},
            1024,
        ),
    ],
)
def test_memory(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    folder = write(tmp_path, files)
    assert machine.memory(folder, folder / "meminfo") == expected


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/a.slice/b.service\n", {"a.slice/b.service/memory.max": "1024"}, 1024),
        ("0::/a.slice/b.service\n", {"a.slice/memory.max": "2048"}, 2048),
        (
            "0::/a\n",
            {"a/memory.max": "max", "memory.max": "4096"},
            4096,
        ),
        # in a container the path is the host's, and only the topmost folder is there
        ("0::/docker/f00\n", {"memory.max": "512"}, 512),
        (
            "4:memory:/job\n0::/\n",
            {"memory/job/memory.limit_in_bytes": "2048", "memory.max": "max"},
            2048,
        ),
        ("9:cpu,memory:/job\n", {"memory/job/memory.limit_in_bytes": "2048"}, 2048),
        ("0::/../../b\n", {"b/memory.max": "99"}, 99),
        ("junk", {}, 1 << 20),
    ],
)
def test_memory_of_a_service(
    tmp_path: Path, own: str, files: dict[str, str], expected: int
) -> None:
    folder = write(tmp_path, {**files, "meminfo": "MemTotal: 1024 kB\n"})
    assert machine.memory(folder, folder / "meminfo", own) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cmake version 3.25.1\n\nCMake suite", (3, 25, 1)),
        ("cmake3 version 3.18", (3, 18)),
        ("cmake version 4.0.0-rc1", (4, 0, 0)),
        ("?", ()),
    ],
)
def test_version(text: str, expected: tuple[int, ...]) -> None:
    assert machine.parse_version(text) == expected


@pytest.mark.skipif(missing_tool() != "", reason=missing_tool())
def test_this_machine() -> None:
    found = machine.probe(environment())
    assert Path(found.cmake).is_file()
    assert Path(found.ctest).is_file()
    assert found.cmake_version >= (3, 0)
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert found.memory > 1 << 20


def test_an_empty_machine(tmp_path: Path) -> None:
    found = machine.probe({"PATH": str(tmp_path)})
    assert (found.cmake, found.cmake_version, found.ninja, found.ccache) == ("", (), "", "")
    assert not found.maps_prefixes


def test_a_compiler_without_prefix_maps(tmp_path: Path) -> None:
    refusing = tmp_path / "old-cc"
    refusing.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "sys.exit('unrecognized option -ffile-prefix-map' if '-ffile' in str(sys.argv) else 0)\n"
    )
    refusing.chmod(0o755)
    arguments = (f"-DCMAKE_C_COMPILER={refusing}",)
    assert not machine.probe(environment(), arguments).maps_prefixes
