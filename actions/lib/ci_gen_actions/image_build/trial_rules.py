"""What a server image must be, judged on what was seen. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..core.server_build import same_build

SIGTERM_STATUS = 143
"""128 + 15: what a program ends with that leaves SIGTERM to the kernel."""


def build_problem(shown: str, expected: str) -> str:
    """Why this is not the expected build, "" where it is or nothing is expected."""
    if not expected or same_build(shown, expected):
        return ""
    return f"the server is build {shown}, not the expected {expected}"


def user_problem(user: str) -> str:
    """What is wrong with the USER of an image's config, "" for a fixed user that is not root."""
    name = user.partition(":")[0].strip()
    if name in ("", "root") or (name.isdecimal() and int(name) == 0):
        return (
            "the image runs as root; end its Dockerfile with USER and a fixed number, "
            "such as USER 10001:10001"
        )
    return ""


def user_note(user: str) -> str:
    """What Kubernetes would object to in a user that is not root."""
    name = user.partition(":")[0].strip()
    if not name or name.isdecimal() or user_problem(user):
        return ""
    return (
        f"the image's user is the name {name}: Kubernetes' runAsNonRoot accepts only a number "
        "as proof that it is not root"
    )


def root_processes(titles: Sequence[str], processes: Sequence[Sequence[str]]) -> list[str]:
    """The processes whose real or effective user is root, of what `ps` showed, by command."""
    users = [number for number, title in enumerate(titles) if title in ("RUID", "EUID", "USER")]
    return [
        str(row[-1]).strip()[:100]
        for row in processes
        if any(str(row[number]).strip() in ("0", "root") for number in users)
    ]


def end_problem(state: Mapping[str, Any], stop_timeout: int, *, killed: bool) -> str:
    """What was wrong with how the server ended after SIGTERM, "" for nothing."""
    if killed:
        return (
            f"SIGTERM did not end the server within {stop_timeout} s: it had to be killed. "
            "An entry point that is a shell must `exec` the server, or nothing reaches it"
        )
    status = int(state.get("ExitCode", -1))
    if status in (0, SIGTERM_STATUS):
        return ""
    return f"after SIGTERM the server ended with exit status {status}, not 0 or {SIGTERM_STATUS}"


def early_end(state: Mapping[str, Any]) -> str:
    """How a server ended that should still run."""
    status = int(state.get("ExitCode", -1))
    if state.get("OOMKilled"):
        return f"the server ended by itself: it ran out of memory (exit status {status})"
    hints = {
        126: ": its program may not be executed",
        127: ": its program, or a library of it, was not found",
        132: ": the processor lacks an instruction that it uses (SIGILL)",
        134: " (SIGABRT)",
        137: ": something killed it (SIGKILL), as a machine does that runs out of memory",
        139: " (SIGSEGV)",
    }
    return f"the server ended by itself with exit status {status}{hints.get(status, '')}"


def last_health(state: Mapping[str, Any]) -> str:
    """What the last health check of a container said, "" where none ran."""
    checks = (state.get("Health") or {}).get("Log") or ()
    if not checks:
        return ""
    output = " ".join(str(checks[-1].get("Output", "")).split())[:300]
    return f"exit status {checks[-1].get('ExitCode')}" + (f": {output}" if output else "")


def shown_lines(log: bytes, limit: int = 20) -> list[str]:
    """The last lines of a log, as text that does nothing: no colours, no control characters."""
    lines = log.decode("utf-8", "replace").splitlines()[-limit:]
    plain = (re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line)[:500] for line in lines)
    return ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in plain]
