"""Stand-ins for CUDA toolkits and host compilers: what they say, not what they compile."""

from __future__ import annotations

import os
from pathlib import Path

ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
"""Those of CUDA 12.8 that matter here."""

_NVCC = """#!/bin/sh
case "$1" in
  --version) echo 'nvcc: NVIDIA (R) Cuda compiler driver'
    echo 'Cuda compilation tools, release {version}, V{version}.88' ;;
  --list-gpu-arch) printf 'compute_%s\\n' {architectures} ;;
  *) echo '#$ TOP={root}' >&2; exit 1 ;;
esac
"""


def toolkit(
    root: Path,
    version: str = "12.8",
    *,
    architectures: tuple[int, ...] = ARCHITECTURES,
    gcc: int = 99,
    clang: int = 99,
) -> Path:
    """A toolkit whose header accepts GCC and clang up to these versions; returns its bin/."""
    nvcc = script(
        root / "bin" / "nvcc",
        _NVCC.format(version=version, architectures=" ".join(map(str, architectures)), root=root),
    )
    header = root / "include" / "crt" / "host_config.h"
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text(
        f"#error -- unsupported GNU version! gcc versions later than {gcc} are not supported!\n"
        "#error -- unsupported clang version! clang version must be less than "
        f"{clang + 1} and greater than 3.2 .\n"
    )
    return nvcc.parent


def compiler(folder: Path, name: str, kind: str, major: int) -> Path:
    """A C++ compiler that tells its version by its macros; returns its path."""
    macro = {"gcc": "__GNUC__", "clang": "__clang_major__"}[kind]
    also = "echo '#define __GNUC__ 4'" if kind == "clang" else ":"
    return script(folder / name, f"#!/bin/sh\n{also}\necho '#define {macro} {major}'\n")


def script(path: Path, text: str) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def search(*folders: Path) -> dict[str, str]:
    """An environment whose PATH has these folders first, and what a shell script needs."""
    return {"PATH": os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"])}
