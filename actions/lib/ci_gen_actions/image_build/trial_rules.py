"""What a server image must be, judged on what was seen. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SIGTERM_STATUS = 143
"""128 + 15: what a program ends with that leaves SIGTERM to the kernel."""
BUILD_KEY = "build_info"
_BUILD = re.compile(r"b?(\d{1,5})(?:-(\w+)| \((\w+)\))?")
"""Five digits at most: llama.cpp has counted some thousand builds, and more may be a commit."""
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, kw_only=True)
class Build:
    """A build of llama.cpp: its number and its commit, each "" where not told."""

    number: str = ""
    commit: str = ""

    @property
    def known(self) -> bool:
        """Whether it tells one build from another: outside of git the number is 0."""
        return bool(self.commit) or self.number not in ("", "0")


def parse_build(text: str) -> Build:
    """`b4567-0123abc` as the server tells it, `4567 (0123abc)`, a number, or a commit."""
    text = text.strip().lower()
    found = _BUILD.fullmatch(text)
    if not found:
        return Build(commit=text if _COMMIT.fullmatch(text) else "")
    commit = found[2] or found[3] or ""
    return Build(number=str(int(found[1])), commit=commit if _COMMIT.fullmatch(commit) else "")


def same_build(shown: str, expected: str) -> bool:
    """Whether two texts name one build; a commit, which may be cut short, decides over a number.

    A shallow clone counts its commits wrongly but knows the commit itself.
    """
    if shown.strip() == expected.strip():
        return True
    ours, theirs = parse_build(shown), parse_build(expected)
    if ours.commit and theirs.commit:
        length = min(len(ours.commit), len(theirs.commit))
        return ours.commit[:length] == theirs.commit[:length]
    return bool(ours.known and ours.number and ours.number == theirs.number)


def shown_build(status: int, body: bytes, path: str) -> tuple[str, str]:
    """The build that the properties tell, and what is wrong with them ("" for nothing)."""
    if status != 200:
        return "", f"{path} answered with status {status}, not 200"
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "", f"{path} answered with something that is not JSON"
    build = told.get(BUILD_KEY) if isinstance(told, dict) else None
    if not isinstance(build, str) or not build.strip():
        return "", f"{path} tells no {BUILD_KEY}"
    return build.strip()[:200], ""


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
