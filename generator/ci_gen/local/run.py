"""Running the chosen jobs one after the other, and what became of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ci_gen.errors import quoted
from ci_gen.local.jobs import environment, rows
from ci_gen.local.workspace import without_git
from ci_gen.pipeline.model import ActionCall, Job
from ci_gen.render.vendor import actions_folder

# What would make an action believe that it runs on a platform.
_PLATFORM = ("GITHUB_", "GITLAB_", "CI_", "RUNNER_")

NOT_RUN = -1


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One job: its exit status (NOT_RUN where a job that it needs failed) and its seconds."""

    job: str
    status: int
    seconds: float

    @property
    def word(self) -> str:
        """The status in a word."""
        words = {0: "passed", 1: "failed", NOT_RUN: "not run", 130: "interrupted"}
        return words.get(self.status, "undecided")


def run(jobs: list[Job], workspace: Path, say: Callable[[str], None]) -> list[Ran]:
    """Run each job in `workspace`; a job whose needs did not pass is not run."""
    outputs: dict[tuple[str, str, str], str] = {}
    done: dict[str, Ran] = {}
    for job in jobs:
        started = time.monotonic()
        blocked = any(done[need.job].status != 0 for need in job.needs if need.job in done)
        interrupted = any(ran.status == 130 for ran in done.values())
        status = NOT_RUN if blocked or interrupted else _job(job, workspace, outputs, say)
        done[job.id] = Ran(job=job.id, status=status, seconds=time.monotonic() - started)
    return list(done.values())


def worst(results: list[Ran]) -> int:
    """The exit status of the whole: interrupted, failed, undecided or passed; 3 for nothing."""
    statuses = {ran.status for ran in results}
    for status in (130, 1, 2, 3):
        if status in statuses:
            return status
    return 0 if statuses == {0} else 3


def _job(
    job: Job,
    workspace: Path,
    outputs: dict[tuple[str, str, str], str],
    say: Callable[[str], None],
) -> int:
    for row in rows(job):
        name = f"{job.id} ({row['variant']})" if row else job.id
        say(f"--- {name}: {job.title}")
        for call in job.calls:
            status, found = _call(job, call, row, workspace, outputs, say)
            outputs.update({(job.id, call.id, key): value for key, value in found.items()})
            if status != 0:
                return status
    return 0


def _call(
    job: Job,
    call: ActionCall,
    row: Mapping[str, str],
    workspace: Path,
    outputs: Mapping[tuple[str, str, str], str],
    say: Callable[[str], None],
) -> tuple[int, dict[str, str]]:
    """The exit status of one action and its outputs, which it prints as JSON."""
    around = without_git(os.environ)
    own = {key: value for key, value in around.items() if not key.startswith(_PLATFORM)}
    own.update(environment(job, call, row, outputs, around))
    command = [sys.executable, "-I", str(actions_folder() / "launch.py"), call.action]
    process = subprocess.Popen(command, cwd=workspace, env=own, stdout=subprocess.PIPE)
    try:
        printed, _ = process.communicate()
    except KeyboardInterrupt:
        # The terminal has sent the action the same signal: let it clean up.
        process.wait()
        return 130, {}
    status = 130 if process.returncode == -signal.SIGINT else process.returncode
    status = status if 0 <= status <= 130 else 3
    found = _outputs(printed)
    if found is None:
        say(f"{call.action} did not print its outputs as JSON: {quoted(os.fsdecode(printed))}")
        return status or 3, {}
    return status, found


def _outputs(printed: bytes) -> dict[str, str] | None:
    """What the action printed, None where that is no JSON object. Nothing is no output."""
    try:
        document = json.loads(printed or b"{}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return {key: str(value) for key, value in document.items()}
