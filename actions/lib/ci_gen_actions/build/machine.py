"""The facts about this machine: its tools, cores and memory, as far as this job may use them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import ActionError
from ..core.process import capture
from .arguments import defined
from .facts import Machine

_PROBE_SECONDS = 60.0
_NO_LIMIT = 1 << 60


def probe(environ: Mapping[str, str], cmake_args: tuple[str, ...] = ()) -> Machine:
    """Look at the machine. `cmake_args` may name the C compiler that will be used."""
    search = environ.get("PATH", os.defpath)

    def tool(*names: str) -> str:
        return next(filter(None, (shutil.which(name, path=search) for name in names)), "")

    cmake = tool("cmake")
    compiler = defined(cmake_args).get("CMAKE_C_COMPILER") or environ.get("CC") or "cc"
    return Machine(
        cmake=cmake,
        cmake_version=_version(cmake, environ) if cmake else (),
        ctest=_beside(cmake, "ctest") or tool("ctest"),
        ninja=tool("ninja", "ninja-build"),
        make=tool("gmake", "make"),
        ccache=tool("ccache"),
        cores=cores(Path("/sys/fs/cgroup"), len(os.sched_getaffinity(0))),
        memory=memory(
            Path("/sys/fs/cgroup"), Path("/proc/meminfo"), _word(Path("/proc/self/cgroup"))
        ),
        maps_prefixes=_maps_prefixes(compiler.split(), environ),
    )


def _beside(cmake: str, name: str) -> str:
    """The ctest of the same installation, so that the two agree on the test files' format."""
    path = Path(cmake).resolve().with_name(name) if cmake else None
    return str(path) if path is not None and os.access(path, os.X_OK) else ""


def _version(cmake: str, environ: Mapping[str, str]) -> tuple[int, ...]:
    done = capture([cmake, "--version"], env=environ, timeout=_PROBE_SECONDS)
    return parse_version(done.stdout.decode("utf-8", "replace"))


def parse_version(text: str) -> tuple[int, ...]:
    """The version in `cmake version 3.25.1`; empty where there is none."""
    found = re.search(r"version (\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def _maps_prefixes(compiler: list[str], environ: Mapping[str, str]) -> bool:
    """Whether the compiler takes -ffile-prefix-map; asked, since versions lie about it."""
    flags = ["-ffile-prefix-map=/a=/b", "-E", "-x", "c", os.devnull]
    try:
        done = capture([*compiler, *flags], env=environ, timeout=_PROBE_SECONDS)
    except ActionError:
        return False
    return done.ok and "ffile-prefix-map" not in done.output


def cores(cgroup: Path, allowed: int) -> int:
    """How many cores this process may use: those allowed to it, or less by a cgroup's quota."""
    quota, _, period = _word(cgroup / "cpu.max").partition(" ")
    if not quota:
        quota = _word(cgroup / "cpu" / "cpu.cfs_quota_us")
        period = _word(cgroup / "cpu" / "cpu.cfs_period_us")
    if quota.isdigit() and period.isdigit() and int(period):
        return max(1, min(allowed, -(-int(quota) // int(period))))
    return max(1, allowed)


def memory(cgroup: Path, meminfo: Path, own: str = "") -> int:
    """How many bytes of memory this process may use; 0 where nothing tells.

    `own` is /proc/self/cgroup: a runner that is a service has its limit (MemoryMax) in a group of
    its own or in one above that.
    """
    limits = [
        _word(folder / name)
        for top, group, name in _memory_groups(cgroup, own)
        for folder in _from_below(top, group)
    ]
    known = [int(text) for text in limits if text.isdigit() and 0 < int(text) < _NO_LIMIT]
    found = re.search(r"(?m)^MemTotal:\s+(\d+) kB", _word(meminfo))
    if found:
        known.append(int(found[1]) * 1024)
    return min(known, default=0)


def _memory_groups(cgroup: Path, own: str) -> list[tuple[Path, str, str]]:
    """Of cgroup v2 and v1: the hierarchy's folder, our group in it, the file with the limit."""
    unified = re.search(r"(?m)^0::(/\S*)", own)
    memory = re.search(r"(?m)^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(/\S*)", own)
    return [
        (cgroup, unified[1] if unified else "/", "memory.max"),
        (cgroup / "memory", memory[1] if memory else "/", "memory.limit_in_bytes"),
    ]


def _from_below(top: Path, group: str) -> list[Path]:
    """A group's folder and those above it; in a container only the topmost may be there."""
    parts = [part for part in group.split("/") if part not in ("", "..")]
    return [top.joinpath(*parts[:count]) for count in range(len(parts), -1, -1)]


def _word(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
