"""Trials of real images with a real engine: one that is fit, and each way not to be."""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.engine import engine
from tests.support.server_images import built, dockerfile, trial_objects

from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.image_build import leftovers
from ci_gen_actions.image_build.options import Options
from ci_gen_actions.image_build.trial import Trial, try_image

pytestmark = pytest.mark.e2e

SHORT: dict[str, Any] = {"service": "tiny", "start_timeout": 3, "stop_timeout": 2}


class Tried:
    """A trial and what it wrote."""

    def __init__(self, trial: Trial, log: str) -> None:
        self.trial = trial
        self.log = log

    @property
    def problem(self) -> str:
        (problem,) = self.trial.problems
        return problem


def tried(
    text: str, workspace: Path = Path(), expected: str = "", client: Any = None, **options: Any
) -> Tried:
    log = io.BytesIO()
    ci = GitHub({"GITHUB_WORKSPACE": str(workspace)}, log=log, out=io.BytesIO())
    with built(text) as image:
        given = Options(**{**SHORT, **options})
        trial = try_image(client or engine(), image, given, ci, expected)
    return Tried(trial, log.getvalue().decode())


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Whatever a trial of ours meets, nothing of it stays in the engine."""
    yield
    assert trial_objects(engine(), [f"{leftovers.OWNER}={leftovers.ours()}"]) == []


def test_a_good_image() -> None:
    found = tried(
        dockerfile(), expected="0123abcdef0123abcdef0123abcdef0123abcdef", start_timeout=60
    )
    assert found.trial.problems == ()
    assert found.trial.passed
    findings = found.trial.findings
    assert findings["healthcheck"] is True
    assert findings["health"] == 200
    assert findings["build"] == "b1234-0123abc"
    assert findings["build_verified"] is True
    assert findings["root_processes"] == []
    assert findings["network"] == "closed"
    assert findings["exit_status"] == 0
    assert findings["start_seconds"] < 30, "the image's own interval of 30 s was waited for"


def test_without_an_expected_build_it_is_unverified_and_passes() -> None:
    found = tried(dockerfile())
    assert found.trial.passed
    assert found.trial.findings["build_verified"] is False
    assert "unverified" in found.log


def test_another_build() -> None:
    found = tried(dockerfile(), expected="b1235-fedcba9")
    assert found.problem == "the server is build b1234-0123abc, not the expected b1235-fedcba9"


def test_never_healthy() -> None:
    found = tried(dockerfile("sick"))
    assert found.problem.startswith("not healthy within 3 s (the last health check: exit status 1")
    assert "HTTP/1.0 503" in found.problem
    assert found.trial.findings["exit_status"] == 0, "how it stops is still looked at"


def test_healthy_for_its_own_check_alone() -> None:
    assert tried(dockerfile("sham")).problem == "/health: status 503, not status 200"


def test_an_image_without_a_health_check_is_asked() -> None:
    found = tried(dockerfile(check=False))
    assert found.trial.passed
    assert "has no HEALTHCHECK" in found.log
    sick = tried(dockerfile("sick", check=False))
    assert sick.problem == "not healthy within 3 s (/health: status 503)"


def test_it_ends_at_once() -> None:
    found = tried(dockerfile("exit"))
    assert found.problem == "the server ended by itself with exit status 3"
    assert "no model, no server" in found.log
    assert "\n::error::" not in found.log, "what a server writes commands nothing"
    assert "\033" not in found.log
    assert found.trial.findings["exit_status"] == 3


def test_what_is_masked_is_not_in_the_evidence() -> None:
    ci = GitHub({"GITHUB_WORKSPACE": "/"}, log=io.BytesIO(), out=io.BytesIO())
    ci.mask("no model")
    with built(dockerfile("exit")) as image:
        trial = try_image(engine(), image, Options(**SHORT), ci)
    assert "***, no server" in trial.findings["log"][0]


def test_a_program_that_is_not_there() -> None:
    found = tried(dockerfile().replace('ENTRYPOINT ["/server"]', 'ENTRYPOINT ["/sever"]'))
    assert found.problem.startswith("the image cannot be started: ")
    assert "/sever" in found.problem


def test_root() -> None:
    found = tried(dockerfile(user=""))
    config, running = found.trial.problems
    assert config.startswith("the image runs as root")
    assert running == "it runs as root: server"


def test_it_needs_a_writable_root() -> None:
    found = tried(dockerfile("writer"))
    assert found.problem == "the server ended by itself with exit status 5"
    assert "Read-only file system" in found.log


def test_deaf_to_sigterm() -> None:
    found = tried(dockerfile("deaf"))
    assert found.problem.startswith("SIGTERM did not end the server within 2 s")
    assert found.trial.findings["exit_status"] is None


def test_a_bad_exit_status() -> None:
    found = tried(dockerfile("rude"))
    assert found.problem == "after SIGTERM the server ended with exit status 7, not 0 or 143"


def test_no_properties() -> None:
    assert tried(dockerfile("bare")).problem == "/props answered with status 404, not 200"
    assert tried(dockerfile("bare"), properties="none").trial.passed


def test_the_test_model(tmp_path: Path) -> None:
    arguments = ("--model", "{model}")
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF" * 1000)
    text = dockerfile("model", 'CMD ["serve"]')
    for mode in (0o644, 0o600):  # mounted, and copied since the server's user could not read it
        model.chmod(mode)
        found = tried(text, tmp_path, test_model="model.gguf", test_args=arguments)
        assert found.trial.passed, found.trial.problems
    with pytest.raises(UsageError, match=r"no model other\.gguf"):
        tried(text, tmp_path, test_model="other.gguf")


def test_two_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:
        both = [pool.submit(tried, dockerfile("", f"ENV COPY={n}")) for n in range(2)]
        assert all(each.result().trial.passed for each in both)


def test_no_engine() -> None:
    import docker

    with built(dockerfile()):
        lost = docker.DockerClient("unix:///nowhere/docker.sock", version="1.41")
        with pytest.raises(CannotDecide, match="the engine failed"):
            tried(dockerfile(), client=lost)


SCRIPT = """\
import os, sys, docker
from ci_gen_actions.core import runner
from ci_gen_actions.core.dialect import detect
from ci_gen_actions.core.errors import Interrupted
from ci_gen_actions.image_build.options import Options
from ci_gen_actions.image_build.trial import try_image
options = Options(service="tiny", start_timeout=120)
try:
    with runner.signals():
        try_image(docker.from_env(), sys.argv[1], options, detect({}))
except Interrupted:
    sys.exit(130)
"""


class Started:
    """A trial in a process of its own, whose container runs and never becomes healthy."""

    def __init__(self, image: str) -> None:
        library = str(Path(leftovers.__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, image], env={**os.environ, "PYTHONPATH": library}
        )
        born = leftovers.start_time(self.process.pid) or 0
        who = dataclasses.replace(leftovers.ours(), pid=self.process.pid, started=born)
        self.label = f"{leftovers.OWNER}={who}"
        last = time.monotonic() + 60
        while not engine().containers.list(filters={"label": self.label}):
            assert self.process.poll() is None
            assert time.monotonic() < last
            time.sleep(0.05)

    @property
    def left(self) -> list[str]:
        """What the engine holds of it."""
        return trial_objects(engine(), [self.label])


def test_cancelled() -> None:
    with built(dockerfile("sick", "ENV WHY=cancelled")) as image:
        child = Started(image)
        assert child.left
        child.process.send_signal(signal.SIGTERM)
        assert child.process.wait(60) == 130
        assert child.left == []


def test_what_a_killed_run_left_goes_with_the_next_and_nothing_else() -> None:
    with built(dockerfile("sick", "ENV WHY=killed")) as image:
        killed, running = Started(image), Started(image)
        killed.process.kill()
        killed.process.wait()
        assert len(killed.left) == 2, "a container and its network"
        found = tried(dockerfile())
        assert found.trial.passed
        assert killed.left == []
        assert "removed what an earlier run left: container" in found.log
        assert "removed what an earlier run left: network" in found.log
        assert len(running.left) == 2, "another run's container is not ours to remove"
        running.process.terminate()
        running.process.wait(60)
        assert running.left == []
