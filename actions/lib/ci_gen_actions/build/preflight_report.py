"""What the checks before a build found, for the step summary and the evidence. Pure."""

from __future__ import annotations

from typing import Any

from ..core.inert import code, plain, table
from .findings import Facts, Finding, Level
from .gpus import Gpu


def markdown(facts: Facts | None, checks: tuple[Finding, ...]) -> list[str]:
    """The GPUs and the findings as tables; nothing where nothing was looked at."""
    shown = []
    if facts is not None and facts.gpus:
        head = ("GPU", "Capability", "Memory", "Used", "Driver", "ECC errors", "Slowed by")
        shown.append("\n" + table(head, [_row(each) for each in facts.gpus]))
    if checks:
        rows = [(plain(each.check), each.level.value, plain(str(each))) for each in checks]
        shown.append("\n" + table(("Check before the build", "", ""), rows))
    return shown


def _row(gpu: Gpu) -> tuple[str, ...]:
    parts = f", MIG {' '.join(gpu.parts)}" if gpu.parts else ""
    errors = "off" if gpu.ecc is False else _shown(gpu.ecc_errors)
    return (
        f"{plain(gpu.name + parts)} {code(gpu.uuid)}",
        _capability(gpu) or "?",
        _mib(gpu.memory_total),
        _mib(gpu.memory_used),
        gpu.driver or "?",
        errors,
        plain(", ".join(gpu.slowed)),
    )


def _shown(number: int | None) -> str:
    return "?" if number is None else str(number)


def _mib(number: int | None) -> str:
    return "?" if number is None else f"{number} MiB"


def _capability(gpu: Gpu) -> str:
    return ".".join(map(str, gpu.capability)) if gpu.capability else ""


def evidence(facts: Facts | None, checks: tuple[Finding, ...]) -> dict[str, Any]:
    """What was looked at and found; what is not known is null."""
    told: dict[str, Any] = {
        "checks": [
            {"check": each.check, "result": each.level.value, "message": str(each)}
            for each in checks
        ]
    }
    if facts is None:
        return told
    told["gpus"] = [
        {
            "name": gpu.name,
            "uuid": gpu.uuid,
            "compute-capability": _capability(gpu) or None,
            "memory-mib": gpu.memory_total,
            "memory-used-mib": gpu.memory_used,
            "driver": gpu.driver or None,
            "ecc": gpu.ecc,
            "ecc-uncorrected": gpu.ecc_errors,
            "slowed-by": list(gpu.slowed),
            "mig": list(gpu.parts),
        }
        for gpu in facts.gpus
    ]
    toolkit, host = facts.toolkit, facts.host.compiler
    told["toolkit"] = (
        {"version": toolkit.release or toolkit.name, "architectures": list(toolkit.architectures)}
        if toolkit
        else None
    )
    told["host-compiler"] = f"{host.kind} {host.major}" if host else None
    return told


def lines(facts: Facts | None, checks: tuple[Finding, ...]) -> list[str]:
    """The GPUs and what is in order, for the log."""
    gpus = [
        f"GPU {_shown(gpu.index)}: {gpu.name} ({gpu.uuid}), capability {_capability(gpu) or '?'}, "
        f"{_mib(gpu.memory_used)} of {_mib(gpu.memory_total)} used, driver {gpu.driver or '?'}"
        for gpu in (facts.gpus if facts else ())
    ]
    told = [each for each in checks if each.level in (Level.OK, Level.NOTE)]
    return [*gpus, *(f"{each.check}: {each}" for each in told)]
