"""Tries an image before it is pushed: start, health, user, build, stop. Leaves nothing behind.

The container runs as strictly as a careful cluster would run it: read-only root with a /tmp of
its own, no capabilities, no new privileges, a network of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.dialect import Dialect
from ..core.errors import UsageError
from ..core.server_build import shown_build
from . import http, leftovers, trial_rules
from .connection import engine_errors
from .options import Options
from .place import Place, address, locate
from .trial_container import Image, creation, make_network, model_mount, model_path

NO_PROPERTIES = "none"
REQUEST_SECONDS = 10.0
POLL_SECONDS = 0.1
_PS = ("-eo pid,ruid,euid,comm", "-o pid,user,comm")
"""`ps` of Linux, and of the busybox that docker-in-docker has."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a trial ended. `problems` are sentences; `findings` go into the evidence."""

    passed: bool
    problems: tuple[str, ...]
    findings: Mapping[str, Any]
    seconds: float


def try_image(
    client: Any, image_id: str, options: Options, ci: Dialect, expected_build: str = ""
) -> Trial:
    """Start the image and see whether it is fit to be pushed.

    Raises CannotDecide where the engine fails, UsageError where the test model is not there.
    """
    started = time.monotonic()
    model = _model(options, ci.workspace)
    with engine_errors("the image was tried"):
        place = locate(client)
        here, now = leftovers.ours(), leftovers.engine_time(client)
        for name in leftovers.sweep(client, here, now):
            ci.log(f"removed what an earlier run left: {name}")
        limit = options.start_timeout + options.stop_timeout
        labels = leftovers.labels(here, now, limit)
        try:
            trying = _Trying(client, image_id, options, ci, place, labels)
            trying.run(model, expected_build)
        finally:
            # Also where a signal stops us. What was asked for last may appear a moment later.
            if leftovers.remove_job(client, labels[leftovers.JOB]):
                leftovers.remove_job(client, labels[leftovers.JOB])
    seconds = time.monotonic() - started
    problems = tuple(trying.problems)
    return Trial(passed=not problems, problems=problems, findings=trying.findings, seconds=seconds)


class _Trying:
    """One trial: what it found so far."""

    def __init__(
        self,
        client: Any,
        image_id: str,
        options: Options,
        ci: Dialect,
        place: Place,
        labels: Mapping[str, str],
    ) -> None:
        self.client = client
        self.options = options
        self.ci = ci
        self.place = place
        self.labels = labels
        self.image = Image.of(client.api.inspect_image(image_id))
        self.problems: list[str] = []
        self.findings: dict[str, Any] = {"healthcheck": self.image.healthcheck}
        self.container: Any = None

    def run(self, model: Path | None, expected_build: str) -> None:
        """Create, start, look, stop."""
        mounts = model_mount(self.client, self.image, self.place, self.labels, model)
        network, closed = make_network(self.client, self.place, self.labels)
        self.findings["network"] = "closed" if closed else "open"
        settings = creation(
            self.image,
            self.options,
            self.place,
            self.labels,
            network=network,
            mounts=mounts,
            model=model_path(model),
        )
        self.container = self.client.containers.create(**settings)
        self._note_problem(trial_rules.user_problem(self.image.user))
        self._note(trial_rules.user_note(self.image.user))
        self.findings["user"] = self.image.user
        if self._start() and self._wait():
            self._look(expected_build)
            self._stop()
        if self.problems:
            self._show_log()

    # Steps ---------------------------------------------------------------------------------

    def _start(self) -> bool:
        """Start it; whether it runs. A program that is not there is the image's fault."""
        from docker.errors import APIError

        try:
            self.container.start()
        except APIError as error:
            status = int(self._state().get("ExitCode", 0))
            if status not in (126, 127):
                raise
            self._note_problem(f"the image cannot be started: {error.explanation}")
            self.findings["exit_status"] = status
            return False
        return True

    def _wait(self) -> bool:
        """Wait until it is healthy; whether it still runs."""
        if not self.image.healthcheck:
            self._note(f"the image has no HEALTHCHECK: {self.options.health} was asked instead")
        started = time.monotonic()
        answer = http.Answer(why="not asked")
        while time.monotonic() < started + self.options.start_timeout:
            state = self._state()
            if not state.get("Running"):
                self.findings["exit_status"] = state.get("ExitCode")
                self._note_problem(trial_rules.early_end(state))
                return False
            health = state.get("Health")
            if health:
                ready = health.get("Status") == "healthy"
            else:  # the image has no check, or the engine runs none
                answer = self._ask(self.options.health)
                ready = answer.status == 200
            if ready:
                self.findings["start_seconds"] = round(time.monotonic() - started, 3)
                return True
            time.sleep(POLL_SECONDS)
        self._never_healthy(answer)
        return True

    def _never_healthy(self, answer: http.Answer) -> None:
        check = trial_rules.last_health(self._state())
        said = f" (the last health check: {check})" if check else ""
        if not said:
            said = f" ({self.options.health}: {answer.words})"
        self._note_problem(f"not healthy within {self.options.start_timeout} s{said}")

    def _look(self, expected_build: str) -> None:
        """Ask what the server answers, and see as whom it runs."""
        self._check_users()
        if "start_seconds" not in self.findings:
            return
        answer = self._ask(self.options.health)
        self.findings["health"] = answer.status
        if answer.status != 200:
            self._note_problem(f"{self.options.health}: {answer.words}, not status 200")
        self._check_build(expected_build)

    def _check_users(self) -> None:
        table = self._processes()
        if table is None:
            self._note("the engine cannot list processes: only the image's USER was looked at")
            return
        roots = trial_rules.root_processes(table["Titles"], table["Processes"])
        self.findings["root_processes"] = roots
        if roots:
            self._note_problem(f"it runs as root: {', '.join(roots)}")

    def _processes(self) -> Mapping[str, Any] | None:
        from docker.errors import APIError

        for arguments in _PS:
            try:
                found: Mapping[str, Any] = self.container.top(ps_args=arguments)
            except APIError:
                continue
            return found
        return None

    def _check_build(self, expected: str) -> None:
        path = self.options.properties
        self.findings["build_verified"] = False
        if path == NO_PROPERTIES:
            return
        answer = self._ask(path)
        if not answer.status:
            self._note_problem(f"{path}: {answer.words}")
            return
        shown, wrong = shown_build(answer.status, answer.body, path)
        self.findings["build"] = shown
        problem = wrong or trial_rules.build_problem(shown, expected)
        self._note_problem(problem)
        self.findings["build_verified"] = bool(expected) and not problem
        if not expected:
            self._note(f"the server's build is {shown}; no build is expected, so unverified")

    def _stop(self) -> None:
        """SIGTERM, as a rolling update sends it; the server must end by itself."""
        from docker.errors import APIError

        began = time.monotonic()
        try:
            self.container.kill(signal="SIGTERM")
        except APIError as error:
            state = self._state()
            if state.get("Running"):
                raise
            self._note_problem(trial_rules.early_end(state))
            self.findings["stop"] = str(error.explanation)
            return
        killed = self._until(lambda: not self._state().get("Running"), self.options.stop_timeout)
        state = self._state()
        self.findings["stop_seconds"] = round(time.monotonic() - began, 3)
        self.findings["exit_status"] = None if killed else state.get("ExitCode")
        problem = trial_rules.end_problem(state, self.options.stop_timeout, killed=killed)
        self._note_problem(problem)

    # Helpers -------------------------------------------------------------------------------

    def _state(self) -> Mapping[str, Any]:
        self.container.reload()
        state: Mapping[str, Any] = self.container.attrs["State"]
        return state

    def _ask(self, path: str) -> http.Answer:
        """The answer; where none comes, a second try tells a busy moment from silence."""
        answer = http.Answer(why="the container has no address")
        for _ in range(2):
            reached = address(self.container.attrs, self.place, self.options.port)
            if reached:
                answer = http.get(*reached, path, REQUEST_SECONDS)
            if answer.status:
                break
            time.sleep(POLL_SECONDS)
        return answer

    def _until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait for something; True where the time ran out."""
        last = time.monotonic() + seconds
        while not done():
            if time.monotonic() > last:
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _note_problem(self, problem: str) -> None:
        if problem:
            self.problems.append(self.ci.redact(problem))

    def _note(self, note: str) -> None:
        if note:
            self.ci.log(note)
            self.findings.setdefault("notes", []).append(note)

    def _show_log(self) -> None:
        shown = trial_rules.shown_lines(self.container.logs(tail=200), 200)
        # The evidence leaves the machine as well.
        lines = [self.ci.redact(line) for line in shown]
        with self.ci.group("What the server wrote"):
            for line in lines or ["nothing"]:
                self.ci.log(line)
        self.findings["log"] = lines[-20:]


def _model(options: Options, workspace: Path) -> Path | None:
    if not options.test_model:
        return None
    model = workspace / options.test_model
    if not model.is_file():
        raise UsageError(
            f"there is no model {options.test_model}",
            where="input test-model",
            why=f"{model} is not a file",
            next="fetch it before this step, or leave the input empty",
        )
    return model
