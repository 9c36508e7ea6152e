"""Evidence: what a stage looked at, what it found, and its verdict, as a file of JSON.

`evidence/<name>.json` is what the aggregate gate and the release record read. Its schema is
docs/schemas/evidence.schema.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from .errors import UsageError
from .files import write_atomically

SCHEMA = 1
FOLDER = "evidence"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Findings(TypedDict, total=False):
    """The part of the evidence that an action itself tells.

    `inputs` maps what it looked at to digests (`sha256:...`, or a git commit); `findings` is
    what it found, in the action's own terms; `tools` maps the tools it used to their versions.
    """

    service: str
    inputs: Mapping[str, str]
    findings: Mapping[str, Any]
    tools: Mapping[str, str]


class Evidence(TypedDict):
    """The whole file. `started` is UTC in RFC 3339; `seconds` is wall-clock time."""

    schema: int
    stage: str
    action: str
    job: str
    service: str
    commit: str
    verdict: str
    started: str
    seconds: float
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    findings: Mapping[str, Any]
    tools: Mapping[str, str]


def path_of(workspace: Path, name: str) -> Path:
    """Where the evidence of stage `name` lies. Raises UsageError for a name unfit for a file."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} cannot name an evidence file",
            where="input evidence-name",
            why="it becomes a file's name and a stage's id",
            next="use letters, digits, '.', '_' and '-', at most 128, a letter or digit first",
        )
    return workspace / FOLDER / f"{name}.json"


def write(path: Path, evidence: Evidence) -> None:
    """Write it whole or not at all. Raises OSError."""
    write_atomically(path, json.dumps(evidence, indent=2, sort_keys=True) + "\n")


def started_text(seconds: float) -> str:
    """A time of the system's clock as RFC 3339 in UTC."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
