"""Disk and memory that a build needs, and what there is of them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30

DISK_BASE = 3 * GIB
"""Objects, libraries and programs of llama.cpp's CPU part, twice: linked and packed."""

DISK_PER_ARCHITECTURE = GIB // 2
"""What the CUDA kernels of one architecture take: as objects, in the library, in the package."""

MEMORY_PER_NVCC = 3 * GIB
"""What one nvcc takes for the larger of llama.cpp's kernels."""


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Bytes; `disk` are free where the build folder lies, `memory` is what this job may use.

    `available` is the part of `memory` that is free now. 0 where nothing tells.
    """

    disk: int = 0
    memory: int = 0
    available: int = 0


def measure(folder: Path, memory: int) -> Capacity:
    """What there is now; `folder` need not exist yet."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    stat = os.statvfs(there)
    return Capacity(
        disk=stat.f_bavail * stat.f_frsize, memory=memory, available=available(_MEMINFO)
    )


_MEMINFO = Path("/proc/meminfo")


def available(meminfo: Path) -> int:
    """Bytes of memory that new processes can have without swapping; 0 where nothing tells."""
    try:
        text = meminfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    found = re.search(r"(?m)^MemAvailable:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 0


def needed(text: str, automatic: int) -> int:
    """The bytes that an input `auto` or a number of GiB stands for."""
    return automatic if text == "auto" else int(float(text) * GIB)


def gib(size: int) -> str:
    """A size as people read it."""
    return f"{size / GIB:.1f} GiB"
