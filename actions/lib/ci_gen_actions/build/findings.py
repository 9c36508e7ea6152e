"""What the checks before a build look at, and what they tell. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .capacity import Capacity
from .gpus import Gpu, Reading
from .host_compilers import Host, HostCompiler
from .toolkit import Toolkit


class Level(str, Enum):
    """What a finding means: told, looked at, or the end of the build."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found; `next` says what to do, "" where nothing is to be done."""

    check: str
    level: Level
    what: str
    why: str = ""
    next: str = ""

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        return f"{self.what}{why}" + (f". Next: {self.next}" if self.next else "")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was looked at before a CUDA build.

    `gpus` are those of `reading` that this job may use; `others` toolkits that are not the one
    asked for; `alternative` a host compiler that nvcc accepts where it does not accept `host`'s.
    `found_by_cmake` says that CMake finds the toolkit by itself.
    """

    reading: Reading
    gpus: tuple[Gpu, ...] = ()
    toolkit: Toolkit | None = None
    others: tuple[Toolkit, ...] = ()
    found_by_cmake: bool = True
    host: Host = field(default_factory=Host)
    alternative: HostCompiler | None = None
    capacity: Capacity = field(default_factory=Capacity)
    cmake_version: tuple[int, ...] = ()
