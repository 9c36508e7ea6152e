"""The C++ compiler that nvcc hands its host code to, and others that it could use instead."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from ..core.errors import ActionError
from ..core.process import capture
from .arguments import defined
from .toolkit import Limits

_SECONDS = 60.0
_OLDEST_GCC = 9
_OLDEST_CLANG = 12

_OVERRIDE = "allow-unsupported-compiler"


@dataclass(frozen=True, kw_only=True)
class HostCompiler:
    """A C++ compiler: `kind` is gcc or clang, `major` its version's first number."""

    path: str
    kind: str
    major: int

    def __str__(self) -> str:
        return f"{self.kind} {self.major} ({self.path})"


@dataclass(frozen=True, kw_only=True)
class Host:
    """What nvcc would use. `named` says who chose it, "" for nvcc's own choice, g++ on PATH.

    `compiler` is None where there is none. `overridden` says that nvcc was told not to mind its
    version.
    """

    compiler: HostCompiler | None = None
    named: str = ""
    overridden: bool = False


def current(cmake_args: tuple[str, ...], environ: Mapping[str, str]) -> Host:
    """The host compiler as arguments and environment have it."""
    given = defined(cmake_args)
    named = {
        "CMAKE_CUDA_HOST_COMPILER": given.get("CMAKE_CUDA_HOST_COMPILER", ""),
        "CUDAHOSTCXX": environ.get("CUDAHOSTCXX", ""),
        "NVCC_CCBIN": environ.get("NVCC_CCBIN", ""),
    }
    name = next((each for each, path in named.items() if path), "")
    flags = [given.get("CMAKE_CUDA_FLAGS", "")]
    flags += [
        environ.get(each, "") for each in ("CUDAFLAGS", "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS")
    ]
    return Host(
        compiler=probe(named.get(name, "g++"), environ),
        named=name,
        overridden=any(_OVERRIDE in each for each in flags),
    )


def accepted(limits: Limits, environ: Mapping[str, str]) -> HostCompiler | None:
    """The newest compiler on PATH that nvcc accepts: GCC first, which nvcc itself would take."""
    names = [f"g++-{major}" for major in range(limits.gcc, _OLDEST_GCC - 1, -1)]
    names += [f"clang++-{major}" for major in range(limits.clang, _OLDEST_CLANG - 1, -1)]
    found = (probe(name, environ) for name in names)
    return next((each for each in found if each and limits.accepts(each.kind, each.major)), None)


def probe(name: str, environ: Mapping[str, str]) -> HostCompiler | None:
    """The compiler of that name or path, as its own macros tell; None where there is none."""
    path = shutil.which(name, path=environ.get("PATH"))
    if path is None:
        return None
    try:
        done = capture([path, "-dM", "-E", "-x", "c++", "/dev/null"], env=environ, timeout=_SECONDS)
    except ActionError:
        return None
    macros = done.stdout.decode("utf-8", "replace")
    # clang poses as an old GCC: its own macro is asked first
    for kind, macro in (("clang", "__clang_major__"), ("gcc", "__GNUC__")):
        found = re.search(rf"(?m)^#define {macro} (\d{{1,3}})\s*$", macros)
        if found:
            return HostCompiler(path=path, kind=kind, major=int(found[1]))
    return None
