"""CUDA architectures: what was asked for, resolved for these GPUs, this nvcc, this CMake. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .gpus import Gpu
from .toolkit import Toolkit

ALL_SINCE = (3, 23)
"""The first CMake whose CUDA_ARCHITECTURES knows `all` and `all-major`."""

DEFAULT_COUNT = 9
"""How many architectures llama.cpp compiles for by itself at most (CUDA 12.9)."""

_KEYWORDS = ("native", "all", "all-major")


class Unfit(Exception):  # noqa: N818 - it is told as a finding
    """These architectures cannot be compiled for; `next` says what to do."""

    def __init__(self, what: str, next: str) -> None:
        super().__init__(what)
        self.next = next


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """`90a-real` taken apart: 90, `a`, and which code of it is kept."""

    number: int
    suffix: str = ""
    real: bool = True
    virtual: bool = True

    def runs_on(self, capability: tuple[int, int]) -> bool:
        """Whether a GPU runs it: as machine code, or as PTX that the driver compiles.

        CUDA C++ Programming Guide, "Binary Compatibility" and "PTX Compatibility".
        """
        major, minor = divmod(self.number, 10)
        if self.suffix == "a":
            return capability == (major, minor)
        same_family = capability[0] == major and capability[1] >= minor
        if self.suffix == "f":
            return same_family
        return (self.real and same_family) or (self.virtual and capability >= (major, minor))


def parse(word: str) -> Architecture | None:
    """None for `native`, `all` and `all-major`."""
    found = re.fullmatch(r"(\d{2,3})([af]?)(?:-(real|virtual))?", word)
    if found is None:
        return None
    return Architecture(
        number=int(found[1]),
        suffix=found[2],
        real=found[3] != "virtual",
        virtual=found[3] != "real",
    )


def resolve(
    asked: tuple[str, ...],
    gpus: tuple[Gpu, ...],
    toolkit: Toolkit,
    cmake_version: tuple[int, ...],
) -> tuple[str, ...]:
    """What is passed to CMake: `native` becomes the capabilities of the GPUs.

    Raises Unfit for what cannot be compiled here.
    """
    words: list[str] = []
    for word in asked:
        words += _native(gpus) if word == "native" else [word]
    each = tuple(dict.fromkeys(words))
    _require_keywords(each, cmake_version)
    _require_known(each, toolkit)
    return each


def _native(gpus: tuple[Gpu, ...]) -> list[str]:
    unknown = [each.name for each in gpus if each.capability is None]
    if not gpus:
        raise Unfit(
            "architectures = native, but there is no GPU to compile for",
            "run the job on a machine with a GPU, or name the architectures, such as 86",
        )
    if unknown:
        raise Unfit(
            f"the driver does not tell the compute capability of {', '.join(unknown)}",
            "name the architectures instead of native, such as 86, or install driver 510 or "
            "newer; developer.nvidia.com/cuda-gpus lists each card's",
        )
    capabilities = sorted({each.capability for each in gpus if each.capability})
    return [f"{major}{minor}-real" for major, minor in capabilities]


def _require_keywords(each: tuple[str, ...], cmake_version: tuple[int, ...]) -> None:
    keywords = [word for word in each if word in _KEYWORDS]
    if keywords and len(each) > 1:
        raise Unfit(
            f"architectures: {keywords[0]} stands beside others",
            f"give {keywords[0]} alone, which is what CMake takes, or a list of numbers",
        )
    if keywords and cmake_version < ALL_SINCE:
        raise Unfit(
            f"architectures = {keywords[0]} needs CMake {'.'.join(map(str, ALL_SINCE))}, "
            f"this is {'.'.join(map(str, cmake_version))}",
            "install a newer CMake (pip install cmake), or name the architectures",
        )


def _require_known(each: tuple[str, ...], toolkit: Toolkit) -> None:
    known = toolkit.architectures
    parsed = {word: parse(word) for word in each}
    lacking = [word for word, arch in parsed.items() if arch and arch.number not in known]
    if known and lacking:
        raise Unfit(
            f"{toolkit.name} does not compile for {', '.join(lacking)}",
            f"give architectures among {', '.join(map(str, known))}, or a toolkit that has them: "
            + (
                "older cards need an older one"
                if any(arch and arch.number < known[0] for arch in parsed.values())
                else "newer cards need a newer one"
            ),
        )


def count(each: tuple[str, ...], toolkit: Toolkit | None) -> int:
    """How many architectures are compiled for."""
    known = toolkit.architectures if toolkit else ()
    if each == ("all",):
        return len(known) or DEFAULT_COUNT
    if each == ("all-major",):
        return len({number // 10 for number in known}) or DEFAULT_COUNT
    return len(each) or DEFAULT_COUNT


def runs_on(each: tuple[str, ...], gpu: Gpu) -> bool | None:
    """Whether a package for these architectures runs on the GPU; None where that is open."""
    parsed = [parse(word) for word in each]
    if not parsed or gpu.capability is None or None in parsed:
        return None
    return any(arch.runs_on(gpu.capability) for arch in parsed if arch)
