"""Which GPU architectures the code in a package's binaries is for, and which it lacks.

nvcc puts the code for GPUs into the section `.nv_fatbin`: as SASS, which runs on one
architecture, and as PTX, which a driver translates for that one and newer ones. `cuobjdump`
lists both. It is no part of every toolkit; without it the headers in the section are read, whose
layout NVIDIA does not publish: it is that of nvcc 13.0's files, compared with what cuobjdump 13.2
says of them. Where they look different, the answer is "unknown" and not a guess.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path

from ..core.archive import Entry
from ..core.errors import ActionError
from ..core.process import capture
from . import elf

_SECTION = ".nv_fatbin"
_MAGIC = 0xBA55ED50
_HEADER = struct.Struct("<IHHQ")  # magic, version, size of this header, size of what follows
_IMAGE = struct.Struct("<HHIQ12xI8xQ")  # kind, version, header size, size, architecture, flags
_KNOWN_VERSION, _KNOWN_IMAGE = 1, 0x101
_PTX, _SASS = 1, 2
_SPECIFIC = 0x100000
"""The flag of code for one architecture alone (`90a`); tried with nvcc 13.0."""

_LISTED = re.compile(r"(?m)^(ELF|PTX) file\s+\d+: .*\bsm_(\d+)([af]?)\.(?:cubin|ptx)\s*$")
_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class DeviceCode:
    """The architectures that a file's GPU code is for, such as `80` or `90a`."""

    sass: frozenset[str] = frozenset()
    ptx: frozenset[str] = frozenset()

    def __str__(self) -> str:
        parts = [
            f"{name} for {', '.join(numbers)}"
            for name, numbers in (
                ("SASS", sorted(self.sass, key=_order)),
                ("PTX", sorted(self.ptx, key=_order)),
            )
            if numbers
        ]
        return " and ".join(parts) or "GPU code for no architecture"

    def document(self) -> dict[str, list[str]]:
        """For a manifest."""
        return {"ptx": sorted(self.ptx, key=_order), "sass": sorted(self.sass, key=_order)}


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The GPU code of a package, by member; `unknown` names members that could not be read."""

    files: Mapping[str, DeviceCode] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def find(entries: Iterable[Entry], cuobjdump: str, environ: Mapping[str, str]) -> Findings:
    """The GPU code of all members. `cuobjdump` is its path, "" to read the sections here.

    Links are left out: what they lead to is a member too.
    """
    files: dict[str, DeviceCode] = {}
    unknown = []
    for entry in entries:
        path = entry.source
        if path is None or path.is_symlink():
            continue
        section = elf.sections(path).get(_SECTION)
        if section is None:
            continue
        found = listed(path, cuobjdump, environ) if cuobjdump else None
        found = found or read(path, *section)
        if found is None:
            unknown.append(entry.name)
        else:
            files[entry.name] = found
    return Findings(files=files, unknown=tuple(unknown))


def listed(path: Path, cuobjdump: str, environ: Mapping[str, str]) -> DeviceCode | None:
    """What cuobjdump says of one file; None where it fails or lists nothing."""
    try:
        done = capture([cuobjdump, "--list-elf", "--list-ptx", path], env=environ, timeout=_SECONDS)
    except ActionError:
        return None
    return parse_listing(done.stdout.decode("utf-8", "replace")) if done.ok else None


def parse_listing(text: str) -> DeviceCode | None:
    """The architectures in cuobjdump's listing; None where there is none."""
    found: dict[str, set[str]] = {"ELF": set(), "PTX": set()}
    for kind, number, suffix in _LISTED.findall(text):
        found[kind].add(_name(number, specific=suffix == "a"))
    if not any(found.values()):
        return None
    return DeviceCode(sass=frozenset(found["ELF"]), ptx=frozenset(found["PTX"]))


def read(path: Path, offset: int, size: int) -> DeviceCode | None:
    """The architectures in a section of GPU code; None where its layout is not the known one."""
    try:
        # a map, since the section of llama.cpp for many architectures takes gigabytes
        with path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
            images = list(_images(data, offset, min(offset + size, len(data))))
    except (struct.error, ValueError):
        return None
    return DeviceCode(
        sass=frozenset(name for kind, name in images if kind == _SASS),
        ptx=frozenset(name for kind, name in images if kind == _PTX),
    )


def _images(data: mmap, start: int, stop: int) -> Iterator[tuple[int, str]]:
    """Kind and architecture of each image. Raises ValueError for an unknown layout."""
    at = start
    while at < stop:
        if data[at : at + 8] == bytes(8):  # padding between the parts of object files
            at += 8
            continue
        magic, version, header, size = _HEADER.unpack_from(data, at)
        image, end = at + header, at + header + size
        if magic != _MAGIC or version != _KNOWN_VERSION or header < _HEADER.size or end > stop:
            raise ValueError("no fat binary")
        while image < end:
            kind, layout, head, body, architecture, flags = _IMAGE.unpack_from(data, image)
            if layout != _KNOWN_IMAGE or head < _IMAGE.size or kind not in (_PTX, _SASS):
                raise ValueError("an image of an unknown kind")
            yield kind, _name(str(architecture), specific=bool(flags & _SPECIFIC))
            image += head + body
        at = end


def _name(number: str, *, specific: bool) -> str:
    """`90a` for code of that architecture alone; a family's `100f` is `100`, as cuobjdump says."""
    return f"{number}a" if specific else number


def _order(name: str) -> tuple[int, str]:
    return int(name.rstrip("af")), name
