"""What images are built on: the config's, else ci-gen's pins, which fit the CUDA toolkit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ci_gen.config.sections.cuda import CudaVariant
from ci_gen.pipeline.image_settings import ImageSettings
from ci_gen.render.pins import Pins

DEFAULT_CUDA = (12, 8)
"""The CUDA of the images where a variant names no toolkit."""

_TOOLKIT = re.compile(r"(?:^|/|cuda-?)([0-9]{1,2})(?:\.([0-9]{1,2}))?(?=/|$)")
_PIN = re.compile(r"cuda-([0-9]+)\.([0-9]+)-runtime")


@dataclass(frozen=True, kw_only=True)
class Bases:
    """What an image runs on, and what it is compiled on; both `name:tag@sha256:…`."""

    run: str
    build: str


def cpu(image: ImageSettings, pins: Pins) -> Bases:
    """Of the image for the CPU."""
    own = image.declared
    return Bases(run=own.base or pins.image("ubuntu"), build=own.build_base or pins.image("ubuntu"))


def python(image: ImageSettings, pins: Pins) -> Bases:
    """Of the image of a Python service, which is installed where it runs."""
    base = image.declared.python_base or pins.image("python-slim")
    return Bases(run=base, build=base)


def cuda(image: ImageSettings, variant: CudaVariant, pins: Pins) -> Bases:
    """Of the image for one CUDA variant."""
    version = _pinned(_version(variant.toolkit), pins)
    own, name = image.declared, f"cuda-{version[0]}.{version[1]}"
    return Bases(
        run=own.cuda_base or pins.image(f"{name}-runtime"),
        build=own.cuda_build_base or pins.image(f"{name}-devel"),
    )


def cuda_architectures(variant: CudaVariant) -> str:
    """CMAKE_CUDA_ARCHITECTURES of a compile inside an image, where no GPU tells its own."""
    each = ("all-major" if name == "native" else name for name in variant.architectures)
    return ";".join(dict.fromkeys(each))


def _version(toolkit: str) -> tuple[int, ...]:
    """The version of a toolkit given as version or folder: (12, 8), (12,); () for none."""
    match = _TOOLKIT.search(toolkit)
    return tuple(int(part) for part in match.groups() if part is not None) if match else ()


def _pinned(wanted: tuple[int, ...], pins: Pins) -> tuple[int, ...]:
    """The pinned CUDA for a toolkit: of its major version the first that is not older.

    Libraries of one major version run what was linked with an older minor one (NVIDIA, CUDA
    Compatibility, "Minor Version Compatibility").
    """
    found = (_PIN.fullmatch(name) for name in pins.images)
    known = sorted((int(match[1]), int(match[2])) for match in found if match)
    same = [each for each in known if wanted and each[0] == wanted[0]]
    if not same:
        return DEFAULT_CUDA if not wanted or wanted[0] < known[-1][0] else known[-1]
    return next((each for each in same if each >= (*wanted, 0)[:2]), same[-1])
