"""The GPUs of this machine, read from what `nvidia-smi` wrote. Pure.

Nothing in it is trusted: a field may be `[N/A]`, `[Not Supported]` or `[Unknown Error]`. What a
number could not be read from is None, never 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

REASONS = {
    0x04: "power cap",
    0x08: "hardware slowdown",
    0x20: "thermal slowdown by the driver",
    0x40: "thermal slowdown by the hardware",
    0x80: "power brake",
}
"""Bits of nvmlClocksEventReasons (nvml.h) that say that the card is slower than it should be.

The others are no fault: idle, the clocks that somebody set, those of a synchronised group.
"""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One card. Memory is in MiB; `capability` is (8, 6) for 8.6.

    `driver` is its version as text. `ecc` says whether errors are corrected, `ecc_errors` how
    many could not be since the driver was loaded. `slowed` are the reasons for which it is
    slower now, `parts` the profiles of its MIG devices. What is not known is None or empty.
    """

    uuid: str
    name: str
    index: int | None = None
    driver: str = ""
    capability: tuple[int, int] | None = None
    memory_total: int | None = None
    memory_used: int | None = None
    ecc: bool | None = None
    ecc_errors: int | None = None
    slowed: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class App:
    """A process that computes on a card; `memory` is in MiB, None where it is not told."""

    pid: int
    name: str
    gpu: str
    memory: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What nvidia-smi said. `installed` is False where there is none.

    `fault` says why there is no answer, or only half of one, and `remedy` what to do.
    """

    gpus: tuple[Gpu, ...] = ()
    apps: tuple[App, ...] = ()
    installed: bool = True
    fault: str = ""
    remedy: str = ""


def parse_gpus(text: str, fields: tuple[str, ...]) -> tuple[Gpu, ...]:
    """The cards in an answer to `--query-gpu`; lines that are none are left out."""
    return tuple(
        Gpu(
            uuid=row.get("uuid", ""),
            name=row.get("name", ""),
            index=_number(row.get("index", "")),
            driver=_version(row.get("driver_version", "")),
            capability=_capability(row.get("compute_cap", "")),
            memory_total=_number(row.get("memory.total", "")),
            memory_used=_number(row.get("memory.used", "")),
            ecc={"Enabled": True, "Disabled": False}.get(row.get("ecc.mode.current", "")),
            ecc_errors=_number(row.get("ecc.errors.uncorrected.volatile.total", "")),
            slowed=_slowed(next((row[each] for each in row if each.endswith(".active")), "")),
        )
        for row in _rows(text, fields)
        if re.fullmatch(r"(GPU|MIG)-[0-9A-Za-z/-]{1,80}", row.get("uuid", ""))
    )


def parse_apps(text: str, fields: tuple[str, ...]) -> tuple[App, ...]:
    """The processes in an answer to `--query-compute-apps`."""
    return tuple(
        App(
            pid=int(row["pid"]),
            name=row.get("process_name", "")[:200],
            gpu=row.get("gpu_uuid", ""),
            memory=_number(row.get("used_memory", "")),
        )
        for row in _rows(text, fields)
        if re.fullmatch(r"[0-9]{1,10}", row.get("pid", ""))
    )


def parse_parts(text: str) -> dict[str, tuple[str, ...]]:
    """The profiles of MIG devices by the UUID of their card, from `nvidia-smi -L`."""
    parts: dict[str, tuple[str, ...]] = {}
    card = ""
    for line in text.splitlines():
        whole = re.match(r"GPU \d+: .*\(UUID: (GPU-[0-9A-Za-z-]+)\)", line)
        part = re.match(r"\s+MIG (\S{1,40})\s+Device\s+\d+:", line)
        if whole:
            card = whole[1]
        elif part and card:
            parts[card] = (*parts.get(card, ()), part[1])
    return parts


def _rows(text: str, fields: tuple[str, ...]) -> list[dict[str, str]]:
    cells = (line.strip().split(", ", len(fields) - 1) for line in text.splitlines())
    return [dict(zip(fields, row, strict=True)) for row in cells if len(row) == len(fields)]


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _version(text: str) -> str:
    return text if re.fullmatch(r"\d{1,5}(\.\d{1,5}){0,3}", text) else ""


def _capability(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,3})\.(\d{1,2})", text)
    return (int(found[1]), int(found[2])) if found else None


def _slowed(text: str) -> tuple[str, ...]:
    bits = int(text, 16) if re.fullmatch(r"0x[0-9A-Fa-f]{1,16}", text) else 0
    return tuple(reason for bit, reason in REASONS.items() if bits & bit)


def visible(gpus: tuple[Gpu, ...], environ: Mapping[str, str]) -> tuple[Gpu, ...]:
    """The cards that CUDA_VISIBLE_DEVICES leaves this job; all where it says nothing.

    nvidia-smi itself does not heed the variable. CUDA takes indices and beginnings of UUIDs;
    what follows an entry that it does not know is not visible ("CUDA Environment Variables" in
    the CUDA C++ Programming Guide). All are kept where an entry does not tell its card here.
    """
    wanted = environ.get("CUDA_VISIBLE_DEVICES", "").strip()
    words = [word.strip() for word in wanted.split(",")] if wanted else []
    # the UUID of a MIG device does not name its card; CUDA counts the fastest card first, but
    # nvidia-smi by the place on the bus
    in_order = environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    alike = in_order or len({each.name for each in gpus}) == 1
    if not words or any(
        word.startswith("MIG-") or (word.isdecimal() and not alike) for word in words
    ):
        return gpus
    chosen: list[Gpu] = []
    for word in words:
        found = _named(gpus, word)
        if found is None:
            break
        chosen.append(found)
    return tuple(chosen)


def _named(gpus: tuple[Gpu, ...], word: str) -> Gpu | None:
    if word.isdecimal():
        return next((each for each in gpus if each.index == int(word)), None)
    return next((each for each in gpus if word and each.uuid.startswith(word)), None)
