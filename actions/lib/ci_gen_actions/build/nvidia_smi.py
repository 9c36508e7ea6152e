"""Asks `nvidia-smi`, with a time limit.

One whose driver waits for the card never ends, and an older one does not know every field.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace

from ..core.errors import ActionError
from ..core.process import Completed, capture
from .gpus import Gpu, Reading, parse_apps, parse_gpus, parse_parts

SECONDS = 30.0
"""How long all questions to nvidia-smi together may take; a healthy one needs 1 to 5 s."""

_FIELDS = (
    "index",
    "uuid",
    "driver_version",
    "compute_cap",
    "memory.total",
    "memory.used",
    "ecc.mode.current",
    "ecc.errors.uncorrected.volatile.total",
    "clocks_event_reasons.active",
    "name",  # last: it alone may hold a comma
)
_APP_FIELDS = ("gpu_uuid", "pid", "used_memory", "process_name")

_OLDER = {"clocks_event_reasons.active": "clocks_throttle_reasons.active"}
"""Fields by the name that drivers before 535 gave them."""

_REFUSED = re.compile(r'Field "([^"]{1,80})" is not a valid field to query')
_INVALID_ARGUMENT = 2
_CORRUPT_INFOROM = 14

# What the exit status means: nvidia-smi(1), section RETURN VALUE; 18 is NVML's
# NVML_ERROR_LIB_RM_VERSION_MISMATCH.
_STATUS = {
    6: ("it found no GPU", "check that the card is seated and powered: lspci | grep -i nvidia"),
    8: ("a power cable of a card is not attached", "attach it"),
    9: ("the NVIDIA driver is not loaded", "install the driver for this kernel, or reboot"),
    12: ("the library NVML is missing", "install the driver's libraries: nvidia-utils or the like"),
    15: ("a GPU has fallen off the bus", "reboot the machine; if it comes back, replace the card"),
    18: ("the driver was updated but not reloaded", "reboot, or unload and load its modules"),
}


def read(environ: Mapping[str, str], seconds: float = SECONDS) -> Reading:
    """Ask the nvidia-smi on PATH, for at most `seconds`. Raises nothing: a fault is told."""
    tool = shutil.which("nvidia-smi", path=environ.get("PATH"))
    if tool is None:
        return Reading(installed=False)
    smi = _Smi(tool, environ, time.monotonic() + seconds)
    fields, done = smi.query("gpu", _FIELDS)
    gpus = parse_gpus(_text(done), fields) if done is not None else ()
    fault = _fault(done, gpus, seconds)
    if done is None or not gpus:
        return Reading(fault=fault[0], remedy=fault[1])
    listed = smi.ask("-L")
    parts = parse_parts(_text(listed)) if listed is not None and listed.ok else {}
    fields, running = smi.query("compute-apps", _APP_FIELDS)
    apps = parse_apps(_text(running), fields) if running is not None and running.ok else ()
    if listed is None or running is None:
        fault = _fault(None, gpus, seconds)
    return Reading(
        gpus=tuple(replace(each, parts=parts.get(each.uuid, ())) for each in gpus),
        apps=apps,
        fault=fault[0],
        remedy=fault[1],
    )


class _Smi:
    """Questions to one nvidia-smi, until a deadline."""

    def __init__(self, tool: str, environ: Mapping[str, str], deadline: float) -> None:
        self.tool = tool
        # its messages are read
        self.environ = {**environ, "LC_ALL": "C"}
        self.deadline = deadline

    def ask(self, *arguments: str) -> Completed | None:
        """None where the time is up or the program does not start."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            return None
        try:
            done = capture([self.tool, *arguments], env=self.environ, timeout=left)
        except ActionError:
            return None
        return None if done.timed_out else done

    def query(self, what: str, fields: tuple[str, ...]) -> tuple[tuple[str, ...], Completed | None]:
        """The answer, and the fields that it has: one that is not known is left out."""
        while True:
            done = self.ask(f"--query-{what}={','.join(fields)}", "--format=csv,noheader,nounits")
            refused = _refused(done)
            if refused not in fields:
                return fields, done
            older = _OLDER.get(refused)
            fields = tuple(
                older if each == refused and older else each
                for each in fields
                if each != refused or older
            )


def _refused(done: Completed | None) -> str:
    if done is None or done.code != _INVALID_ARGUMENT:
        return ""
    found = _REFUSED.search(_text(done) + done.output)
    return found[1] if found else ""


def _text(done: Completed | None) -> str:
    return done.stdout.decode("utf-8", "replace") if done is not None else ""


def _fault(done: Completed | None, gpus: tuple[Gpu, ...], seconds: float) -> tuple[str, str]:
    """What is wrong, and what to do; two empty texts where nothing is."""
    if done is None:
        return (
            f"nvidia-smi did not answer within {seconds:.0f} s",
            "look for Xid messages in the kernel's log (dmesg | grep Xid) and reboot the machine",
        )
    if done.code == _CORRUPT_INFOROM and gpus:
        return (
            "nvidia-smi says that the infoROM of a card is corrupt",
            "run nvidia-smi -q to see which one, and have it replaced",
        )
    if done.ok:
        nothing = "nvidia-smi lists no GPU"
        return ("", "") if gpus else (nothing, _STATUS[6][1])
    known, remedy = _STATUS.get(done.code, ("", "run nvidia-smi on the runner to see why"))
    said = next(iter(f"{_text(done)}\n{done.output}".strip().splitlines()), "")[:200]
    why = known or f"it {done.outcome}"
    return f"nvidia-smi failed: {why}" + (f" ({said})" if said else ""), remedy
