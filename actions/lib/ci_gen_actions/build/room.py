"""Whether disk and memory suffice for a build. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from . import capacity, cuda_targets
from .arguments import architectures
from .capacity import Capacity, gib
from .findings import Finding, Level
from .options import Options
from .toolkit import Toolkit


def room(options: Options, there: Capacity, toolkit: Toolkit | None) -> Iterator[Finding]:
    """Disk and memory; without a number given, only a CUDA build has bounds."""
    cuda = options.backend == "cuda"
    each = architectures(options.architectures)
    count = cuda_targets.count(each, toolkit) if cuda else 0
    disk = capacity.DISK_BASE + count * capacity.DISK_PER_ARCHITECTURE if cuda else 0
    disk = capacity.needed(options.min_disk_gib, disk)
    memory = capacity.needed(options.min_memory_gib, capacity.MEMORY_PER_NVCC if cuda else 0)
    if there.disk < disk:
        yield Finding(
            check="disk",
            level=Level.ERROR,
            what=f"{gib(there.disk)} are free where the build folder lies, {gib(disk)} are needed",
            why=f"for {count} CUDA architectures" if options.min_disk_gib == "auto" else "",
            next="free some, move build-folder to a larger disk, or set min-disk-gib",
        )
    elif disk:
        yield Finding(check="disk", level=Level.OK, what=f"{gib(there.disk)} are free")
    if there.memory and there.memory < memory:
        yield Finding(
            check="memory",
            level=Level.ERROR,
            what=f"this job may use {gib(there.memory)} of memory, {gib(memory)} are needed",
            why="one nvcc takes about 3 GiB" if options.min_memory_gib == "auto" else "",
            next="raise the container's or the service's limit, take a larger machine, or set "
            "min-memory-gib",
        )
    elif memory and 0 < there.available < memory:
        yield Finding(
            check="memory",
            level=Level.WARNING,
            what=f"only {gib(there.available)} of memory are free now",
            next="end what else runs on this machine if the compiler is killed",
        )
    elif memory:
        yield Finding(check="memory", level=Level.OK, what=f"{gib(there.memory)} may be used")
