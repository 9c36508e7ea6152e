"""Whose things in the engine are abandoned, on plain data."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from ci_gen_actions.image_build import leftovers
from ci_gen_actions.image_build.leftovers import Process

HERE = Process(boot="b", namespace="pid:[1]", pid=10, started=100)
NOW = 1_000_000.0


def marked(process: Process = HERE, seconds: float = 60) -> dict[str, str]:
    return leftovers.labels(process, NOW, seconds)


def abandoned(labels: dict[str, str], now: float = NOW, started: int | None = 100) -> bool:
    return leftovers.abandoned(labels, HERE, now, lambda pid: started)


def test_each_job_has_a_name_of_its_own() -> None:
    assert marked()[leftovers.JOB] != marked()[leftovers.JOB]


@pytest.mark.parametrize(
    ("started", "gone"),
    [(100, False), (0, True), (101, True)],
    ids=["runs", "ended", "another process has the number now"],
)
def test_a_process_of_this_machine_is_looked_at(started: int, gone: bool) -> None:
    assert abandoned(marked(), started=started) is gone
    # however much time it takes
    assert abandoned(marked(), now=NOW + 1e6, started=started) is gone


@pytest.mark.parametrize(
    "other",
    [
        Process(boot="c", namespace="pid:[1]", pid=10, started=100),
        Process(boot="b", namespace="pid:[2]", pid=10, started=100),
    ],
    ids=["machine", "container"],
)
def test_a_process_elsewhere_has_its_time(other: Process) -> None:
    labels = marked(other)
    assert not abandoned(labels, now=NOW + 60, started=0)
    assert abandoned(labels, now=NOW + 61 + leftovers.SLACK_SECONDS, started=100)


def test_a_process_that_is_hidden_has_its_time() -> None:
    assert not abandoned(marked(), started=None)
    assert abandoned(marked(), now=NOW + 61 + leftovers.SLACK_SECONDS, started=None)


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"app": "x"},
        {leftovers.JOB: "x"},
        {leftovers.JOB: "x", leftovers.OWNER: "b/pid:[1]/y/z"},
    ],
)
def test_what_nobody_marked_whole_is_left_alone(labels: dict[str, str]) -> None:
    assert not abandoned(labels, now=NOW * 2, started=0)


def test_real_processes() -> None:
    assert leftovers.start_time(os.getpid()) == leftovers.ours().started > 0
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert leftovers.start_time(child.pid) == 0


class Engine:
    def __init__(self, text: str) -> None:
        self.text = text

    def info(self) -> dict[str, Any]:
        return {"SystemTime": self.text}


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00"]
)
def test_the_clock_of_the_engine(text: str) -> None:
    assert leftovers.engine_time(Engine(text)) == 1767323045
