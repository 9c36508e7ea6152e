"""Whether a model fits into this machine's memory, and what to say where it did not."""

from __future__ import annotations

import re
from pathlib import Path

from ..core.archive import size_text
from ..core.errors import CannotDecide

_CGROUP = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_MEMINFO = Path("/proc/meminfo")
_SAYS_SO = re.compile(
    r"failed to allocate|unable to allocate|out of memory|bad_alloc|cannot allocate memory", re.I
)


def usable_memory(meminfo: str, limits: list[str]) -> int:
    """Bytes that programs here may use at most: memory and swap, or the group's limit."""
    found = dict(re.findall(r"^(\w+):\s+(\d+) kB$", meminfo, re.MULTILINE))
    total = (int(found.get("MemTotal", 0)) + int(found.get("SwapTotal", 0))) << 10
    given = [int(text) for text in (each.strip() for each in limits) if text.isdigit()]
    return min([total, *given]) if total else min(given, default=0)


def here() -> int:
    """Bytes that programs may use on this machine; 0 where it does not say."""
    return usable_memory(_read(_MEMINFO), [_read(path) for path in _CGROUP])


def check(size: int, usable: int, shown: str) -> None:
    """Raises CannotDecide for a model of `size` bytes that cannot fit in `usable` bytes."""
    if usable and size > usable:
        raise CannotDecide(
            f"the model is too large for this machine: it has {size_text(size)}, and programs "
            f"here may use {size_text(usable)}",
            where=shown,
            next="measure it on a runner with more memory",
        )


def memory_words(model: Path, log: str) -> str:
    """A sentence about memory where a program's last words are about it; else ""."""
    if not _SAYS_SO.search(log):
        return ""
    size = size_text(model.stat().st_size) if model.is_file() else "an unknown size"
    return f"it ran out of memory: the model has {size}, and programs here may use " + (
        f"{size_text(here())}; "
    )


def next_step(outcome: str) -> str:
    """What to do about a program that ended so."""
    if "SIGILL" in outcome:
        return (
            "the package has instructions that this processor lacks: measure on the processor "
            "that it is built for, or build with GGML_NATIVE=OFF and without the instruction sets"
        )
    return (
        "run the same command by hand with this model; a larger runner helps where the memory "
        "did not do"
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
