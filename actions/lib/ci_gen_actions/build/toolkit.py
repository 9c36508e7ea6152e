"""The CUDA toolkit that will compile: where it is, its version, what it compiles for.

Which driver runs its programs, and which host compilers its nvcc accepts, stand here too.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import ActionError
from ..core.process import capture

_SECONDS = 60.0

DRIVERS = {11: (450, 80, 2), 12: (525, 60, 13), 13: (580,)}
"""The oldest driver for Linux that runs programs of a toolkit's major version.

"CUDA Compatibility", table 1, docs.nvidia.com/deploy/cuda-compatibility, with the last digits
from "CUDA Toolkit and Minimum Required Driver Version" in the release notes of each toolkit.
"""

_HOST_LIMITS = {
    (11, 0): (9, 9),
    (11, 1): (10, 10),
    (11, 2): (10, 11),
    (11, 3): (10, 11),
    (11, 4): (11, 12),
    (11, 5): (11, 12),
    (11, 6): (11, 13),
    (11, 7): (11, 13),
    (11, 8): (11, 14),
    (12, 0): (12, 14),
    (12, 1): (12, 15),
    (12, 2): (12, 15),
    (12, 3): (12, 16),
    (12, 4): (13, 17),
    (12, 5): (13, 17),
    (12, 6): (13, 18),
    (12, 8): (14, 19),
    (12, 9): (14, 19),
    (13, 0): (15, 20),
}
# Newest GCC and clang by toolkit, for one whose header cannot be read: "Host Compiler Support
# Policy" in each version's CUDA Installation Guide for Linux (docs.nvidia.com/cuda/archive).


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The newest major versions of GCC and clang that an nvcc accepts; 0 for no limit known."""

    gcc: int = 0
    clang: int = 0
    source: str = ""

    def accepts(self, kind: str, major: int) -> bool:
        """Whether a compiler (`gcc` or `clang`) of that major version is accepted."""
        limit = self.clang if kind == "clang" else self.gcc
        return not limit or major <= limit


@dataclass(frozen=True, kw_only=True)
class Toolkit:
    """An installed toolkit. `version` is (13, 0), `release` what nvcc calls itself.

    `architectures` are the numbers that it compiles for, ascending; empty for one that does not
    say. `compat` says that it carries a newer driver's libraries for older drivers.
    """

    nvcc: str
    root: str
    version: tuple[int, int]
    release: str = ""
    architectures: tuple[int, ...] = ()
    limits: Limits = Limits()
    compat: bool = False

    @property
    def name(self) -> str:
        """As people call it: `CUDA 13.0`."""
        return "CUDA " + ".".join(map(str, self.version))


def candidates(wanted: str, named: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of nvcc, the best first. `named` is the one that CMake's arguments name.

    `wanted` is the input `toolkit`: a version, an absolute folder, or "".
    """
    if wanted.startswith("/"):
        return (f"{wanted.rstrip('/')}/bin/nvcc",)
    homes = [environ.get(name, "") for name in ("CUDA_PATH", "CUDA_HOME")]
    paths = [named, environ.get("CUDACXX", ""), shutil.which("nvcc", path=environ.get("PATH"))]
    paths += [f"{home}/bin/nvcc" for home in homes if home]
    paths += ["/usr/local/cuda/bin/nvcc"]
    if wanted:
        paths = [f"/usr/local/cuda-{wanted}/bin/nvcc", *paths]
        paths += [f"{each}/bin/nvcc" for each in sorted(Path("/usr/local").glob("cuda-*"))]
    return tuple(dict.fromkeys(each for each in paths if each))


def choose(
    wanted: str, paths: Iterable[str], environ: Mapping[str, str]
) -> tuple[Toolkit | None, tuple[Toolkit, ...]]:
    """The first toolkit that is what is `wanted`, and those before it that are not."""
    others: dict[str, Toolkit] = {}
    for path in paths:
        found = probe(path, environ)
        if found is None:
            continue
        if matches(found.version, wanted):
            return found, tuple(others.values())
        others.setdefault(found.root or found.nvcc, found)
    return None, tuple(others.values())


def matches(version: tuple[int, int], wanted: str) -> bool:
    """Whether a version is the `wanted` one: `12` takes any 12.x, a folder whatever is in it."""
    numbers = tuple(int(each) for each in wanted.split(".")) if wanted[:1].isdigit() else ()
    return version[: len(numbers)] == numbers


def probe(nvcc: str, environ: Mapping[str, str]) -> Toolkit | None:
    """The toolkit of one nvcc; None where that is none."""
    path = shutil.which(nvcc, path=environ.get("PATH"))
    if path is None:
        return None
    said = _said([path, "--version"], environ)
    release = re.search(r"release (\d{1,3})\.(\d{1,3})(?:, V([\d.]+))?", said)
    if release is None:
        return None
    version = (int(release[1]), int(release[2]))
    root = _root(path, environ)
    return Toolkit(
        nvcc=path,
        root=root,
        version=version,
        release=release[3] or "",
        architectures=parse_architectures(_said([path, "--list-gpu-arch"], environ)),
        limits=limits(version, _header(root)),
        compat=bool(root) and Path(root, "compat", "libcuda.so.1").exists(),
    )


def _said(argv: list[str], environ: Mapping[str, str]) -> str:
    try:
        done = capture(argv, env=environ, timeout=_SECONDS)
    except ActionError:
        return ""
    return done.stdout.decode("utf-8", "replace") + done.output


def _root(nvcc: str, environ: Mapping[str, str]) -> str:
    """The toolkit's folder: nvcc says it, since the one on PATH may be a script elsewhere."""
    top = re.search(r"(?m)^#\$ TOP=(.+)$", _said([nvcc, "--dryrun", "none.cu"], environ))
    folder = Path(top[1].strip()) if top else Path(nvcc).resolve().parents[1]
    return str(folder.resolve()) if (folder / "bin" / "nvcc").exists() else ""


def _header(root: str) -> str:
    """crt/host_config.h, in which nvcc's refusal of host compilers is written; "" without."""
    folders = [Path(root, "include"), *sorted(Path(root, "targets").glob("*/include"))]
    for folder in folders if root else ():
        try:
            return (folder / "crt" / "host_config.h").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return ""


def limits(version: tuple[int, int], header: str) -> Limits:
    """What the toolkit's own header says, else what is documented of that version."""
    gcc = re.search(r"gcc versions later than (\d{1,3}) are not supported", header)
    clang = re.search(
        r"unsupported clang version! clang version must be less than (\d{1,3})", header
    )
    if gcc or clang:
        return Limits(
            gcc=int(gcc[1]) if gcc else 0,
            clang=int(clang[1]) - 1 if clang else 0,
            source="its crt/host_config.h",
        )
    if version in _HOST_LIMITS:
        newest = _HOST_LIMITS[version]
        return Limits(gcc=newest[0], clang=newest[1], source="NVIDIA's installation guide")
    return Limits()


def parse_architectures(text: str) -> tuple[int, ...]:
    """The numbers in the answer to `nvcc --list-gpu-arch`, ascending."""
    found = re.findall(r"(?m)^compute_(\d{2,3})\s*$", text)
    return tuple(sorted({int(each) for each in found}))


def driver_text(version: tuple[int, ...]) -> str:
    """A driver's version as NVIDIA writes it: 525.60.13."""
    first, *rest = version
    return ".".join([str(first), *(f"{each:02d}" for each in rest)])
