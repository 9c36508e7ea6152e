"""Starts fetch-model as a process of its own, as a job does, to be killed, filled up or raced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).parents[2] / "actions" / "lib"


def start(workspace: Path, cache: Path, *inputs: str) -> subprocess.Popen[bytes]:
    """The action with some flags; its outputs come on standard output as JSON."""
    workspace.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-B", "-m", "ci_gen_actions", "fetch-model", *inputs]
    return subprocess.Popen(
        [*command, "--cache", str(cache)],
        cwd=workspace,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(process: subprocess.Popen[bytes], seconds: float = 120) -> tuple[int, Any, str]:
    """Its exit status, outputs (None where it gave none) and log."""
    out, log = process.communicate(timeout=seconds)
    return process.returncode, json.loads(out) if out else None, log.decode("utf-8", "replace")


def _environment() -> Mapping[str, str]:
    dropped = ("CI_GEN_", "GITHUB_", "GITLAB_", "CI_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    kept.pop("CI", None)
    return {**kept, "PYTHONPATH": str(LIBRARY), "NO_COLOR": "1"}
