"""What planning a build has to know of the machine and of the sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..core.checkout import Head


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The machine that builds. Tools are absolute paths, "" where not installed.

    `cores` and `memory` (bytes) are what this process may use, cgroup limits included.
    `maps_prefixes` says whether the C compiler knows -ffile-prefix-map.
    """

    cmake: str
    cmake_version: tuple[int, ...]
    ctest: str = ""
    ninja: str = ""
    make: str = ""
    ccache: str = ""
    cores: int = 1
    memory: int = 0
    maps_prefixes: bool = False


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The sources to build.

    `cuda_options` are the CUDA switches that their CMake files define, newest vintage first.
    `llama` says that they are llama.cpp or contain it; `native_options` are the options of it
    that tie a build to this machine's processor. `head` is what is checked out; `time` is its time
    (or SOURCE_DATE_EPOCH), seconds since 1970, 0 where unknown.
    """

    folder: Path
    llama: bool = False
    cuda_options: tuple[str, ...] = ()
    native_options: tuple[str, ...] = ()
    head: Head = field(default_factory=Head)
    time: int = 0


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Absolute paths. `cache` is None where ccache chooses its folder itself."""

    workspace: Path
    source: Path
    build: Path
    output: Path
    junit: Path
    cache: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Command:
    """One process to run: its arguments and what it changes in the environment."""

    argv: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CudaChoice:
    """What CMake is told of CUDA; "" leaves a choice to CMake or nvcc.

    `architectures` have no `native` in them. `root` is the toolkit's folder, `compiler` its nvcc,
    `host_compiler` what that hands C++ code to.
    """

    architectures: tuple[str, ...] = ()
    root: str = ""
    compiler: str = ""
    host_compiler: str = ""
