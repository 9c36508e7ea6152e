"""A stand-in for nvidia-smi that answers as a machine of tests/fixtures/nvidia-smi would.

`install(machine, folder)` puts it on a PATH. It is as strict as the real one: a field that the
machine's driver does not know is refused, on standard output and with exit status 2.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

MACHINES = Path(__file__).parents[1] / "fixtures" / "nvidia-smi"


def names() -> tuple[str, ...]:
    """The machines that there are fixtures of."""
    return tuple(sorted(each.parent.name for each in MACHINES.glob("*/machine.json")))


def install(machine: str, folder: Path) -> Path:
    """Write the stand-in for one machine; returns the folder to put first on PATH."""
    fixture = MACHINES / machine / "machine.json"
    assert fixture.is_file(), f"{machine} is none of {', '.join(names())}"
    folder.mkdir(parents=True, exist_ok=True)
    tool = folder / "nvidia-smi"
    tool.write_text(
        f"#!/bin/sh\nexec '{sys.executable}' -I '{Path(__file__).resolve()}' '{fixture}' \"$@\"\n"
    )
    tool.chmod(0o755)
    return folder


def answer(machine: dict[str, Any], arguments: list[str]) -> tuple[int, str]:
    """Exit status and standard output."""
    if not machine["gpus"]:
        return machine["exit"], machine["stdout"]
    status = machine.get("exit", 0)
    if arguments == ["-L"]:
        return status, _list(machine)
    first, *rest = arguments
    what, _, fields = first.removeprefix("--query-").partition("=")
    if rest != ["--format=csv,noheader,nounits"] or what not in ("gpu", "compute-apps"):
        return 2, f"Invalid combination of input arguments: {arguments}\n"
    known = set(machine["gpus"][0])
    rows = machine["gpus"]
    if what == "compute-apps":
        known, rows = {"gpu_uuid", "pid", "process_name", "used_memory"}, machine["apps"]
    for field in fields.split(","):
        if field not in known:
            return 2, f'Field "{field}" is not a valid field to query.\n\n'
    return status, "".join(
        ", ".join(row[field] for field in fields.split(",")) + "\n" for row in rows
    )


def _list(machine: dict[str, Any]) -> str:
    lines = []
    for gpu in machine["gpus"]:
        lines.append(f"GPU {gpu['index']}: {gpu['name']} (UUID: {gpu['uuid']})")
        for number, (profile, uuid) in enumerate(machine["mig"].get(gpu["uuid"], ())):
            lines.append(f"  MIG {profile}     Device  {number}: (UUID: {uuid})")
    return "".join(f"{line}\n" for line in lines)


def _main(fixture: str, *arguments: str) -> int:
    machine = json.loads(Path(fixture).read_text(encoding="utf-8"))
    if machine.get("hangs"):
        time.sleep(3600)
    status, text = answer(machine, list(arguments))
    sys.stdout.write(text)
    sys.stderr.write(machine.get("stderr", ""))
    return status


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
