"""Graders that may take for ever or crash, run in a process of their own (`worker.py`)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import CannotDecide, UsageError
from ..core.process import Completed, capture
from .graders import Grade
from .question import Question

WORKER = Path(__file__).with_name("worker.py")
START_SECONDS = 60.0
GRACE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A question with a slow grader, and what was replied."""

    question: Question
    reply: str


def graded_apart(
    jobs: Sequence[Job], *, timeout: float, workspace: Path, shown: str
) -> Mapping[str, Grade]:
    """The grades by the questions' ids.

    An answer whose grading takes longer than `timeout` seconds is wrong, with a note. Raises
    UsageError where a custom grader or a schema fails, which would grade both arms alike wrong;
    CannotDecide where the process cannot be started.
    """
    found: dict[str, Grade] = {}
    rest = list(jobs)
    while rest:
        done, results = _run(rest, timeout, workspace)
        for job, result in zip(rest, results, strict=False):
            found[job.question.id] = _grade(job, result, shown)
        rest = rest[len(results) :]
        if rest:
            # the worker ended over the first of the rest: that one is not tried again
            found[rest[0].question.id] = _ended(rest[0], done, timeout, shown)
            rest = rest[1:]
    return found


def _run(
    jobs: Sequence[Job], timeout: float, workspace: Path
) -> tuple[Completed, list[dict[str, Any]]]:
    task = {"timeout": timeout, "jobs": [_told(job, workspace) for job in jobs]}
    done = capture(
        [sys.executable, "-I", "-B", str(WORKER)],
        cwd=workspace,
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
        stdin=json.dumps(task).encode("ascii"),
        timeout=START_SECONDS + len(jobs) * (timeout + GRACE_SECONDS),
    )
    lines = done.stdout.split(b"\n")[:-1]
    return done, [json.loads(line) for line in lines]


def _told(job: Job, workspace: Path) -> dict[str, Any]:
    question, grader = job.question, job.question.grader
    path = str(workspace / grader.settings["file"]) if grader.kind == "custom" else ""
    return {
        "kind": grader.kind,
        "expected": list(grader.expected),
        "settings": dict(grader.settings),
        "reply": job.reply,
        "path": path,
        "question": {
            "id": question.id,
            "question": question.shown,
            "messages": [{"role": t.role, "content": t.content} for t in question.messages],
            "expected": list(grader.expected),
            "settings": dict(grader.settings),
        },
    }


def _grade(job: Job, result: Mapping[str, Any], shown: str) -> Grade:
    if "problem" in result:
        raise _failed(job, str(result["problem"]), shown)
    correct = bool(result["correct"])
    score = float(result.get("score", correct))
    return Grade(correct=correct, score=score, note=str(result.get("note", "")))


def _ended(job: Job, done: Completed, timeout: float, shown: str) -> Grade:
    last = done.output.strip().splitlines()[-1:] or [""]
    if "Timeout" in done.output or done.timed_out:
        return Grade(correct=False, score=0.0, note=f"grading took longer than {timeout:g} s")
    if job.question.grader.kind == "custom":
        raise _failed(job, f"its process {done.outcome} {last[0]}"[:500].strip(), shown)
    raise CannotDecide(
        f"the answer to question {job.question.id!r} could not be graded",
        where=f"{shown}:{job.question.line}",
        why=f"the process that grades {done.outcome}: {last[0]}"[:500],
    )


def _failed(job: Job, why: str, shown: str) -> UsageError:
    grader = job.question.grader
    name = grader.settings.get("file", "") if grader.kind == "custom" else grader.kind
    return UsageError(
        f"the grader {name} failed on question {job.question.id!r}",
        where=f"{shown}:{job.question.line}:{job.question.column}",
        why=why,
        next="correct the grader: an answer that cannot be graded proves nothing",
        file=shown,
        line=job.question.line,
    )
