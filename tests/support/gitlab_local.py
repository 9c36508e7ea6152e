"""Runs a generated .gitlab-ci.yml with gitlab-ci-local, on this machine, unmodified.

Where that engine differs from GitLab, this module makes up for it: it tells the jobs the right
project folder although they name an image, gives them the predefined variables of the event,
keeps jobs without a runner from starting, and starts the jobs with `when: always` whose needs
were never started.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tests.support import engines
from tests.support.engines import FAILURE, SELF_SKIPPED, SKIPPED, SUCCESS, RunResult
from tests.support.events import Event
from tests.support.repositories import Repository

_STATE = ".gitlab-ci-local"
_WHY = "it runs the GitLab pipeline (npm install gitlab-ci-local)"
_REPORT = re.compile(r"^ (PASS|WARN|FAIL)  (.+?)\s*$")
_START = re.compile(r"^(.+?)\s+starting shell \(")
_SKIPS = re.compile(r"^ci-gen skips this job\b", re.MULTILINE)
_FLAGS = (
    "--force-shell-executor",
    "--shell-isolation",
    "--no-artifacts-to-source",
    "--no-color",
    "--concurrency=2",
)


def find() -> list[str]:
    """The command. Raises MissingToolError."""
    return [engines.program("gitlab-ci-local", "GITLAB_CI_LOCAL", _WHY)]


def run(
    repository: Repository,
    event: Event,
    *,
    project: Repository,
    folder: Path,
    absent_tags: Collection[str] = ("gpu",),
    env: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    online: bool = False,
    caches: Path | None = None,
    timeout: float = 1800,
) -> RunResult:
    """Run the pipeline of one event in a copy of the repository below `folder`.

    A job with one of `absent_tags` has no runner and is never started. `env` is what the runner
    machine sets for every job, `variables` and `secrets` are CI/CD variables of the project.
    With `online` the jobs have this machine's network. `caches` is where the platform's caches
    are kept, for a later run to find them.
    """
    work = engines.work_copy(repository, folder / "gitlab-repository")
    _place(work, event)
    redirects = dict.fromkeys((f"{engines.ACTIONS_URL}.git", engines.ACTIONS_URL), project.path)
    redirects |= dict.fromkeys(engines.remotes(work), work.path)
    # The engine reads the project's path from here; git's own view of origin is redirected.
    work.git("remote", "add", "gcl-origin", f"https://gitlab.com/{event.source}.git")
    environment = engines.job_environment(folder / "gitlab", redirects) | dict(env or {})
    given = {**(variables or {}), **(secrets or {})}
    arguments = _arguments(work.path, event, given)
    if caches:
        caches.mkdir(parents=True, exist_ok=True)
        (work.path / _STATE).mkdir(exist_ok=True)
        (work.path / _STATE / "cache").symlink_to(caches)
    engine = _Engine(work.path, environment, arguments, timeout, online)
    engine.start(absent_tags)
    return engine.result()


def _place(work: Repository, event: Event) -> None:
    if event.kind in ("push", "manual") and work.git("rev-parse", event.ref) == event.head:
        work.checkout(event.ref)
    else:
        work.checkout(event.head)


def _arguments(work: Path, event: Event, variables: Mapping[str, str] | None) -> list[str]:
    given: dict[str, str | None] = {
        "GITLAB_CI": "true",
        "CI_PROJECT_DIR": f"{work}/{_STATE}/builds/$CI_JOB_NAME",
        **event.gitlab(),
        **(variables or {}),
    }
    arguments = []
    for name, value in given.items():
        unset = ["--unset-variable", name]
        arguments += unset if value is None else ["--variable", f"{name}={value}"]
    return arguments


@dataclass
class _Engine:
    """One pipeline: the engine may be started twice for it."""

    work: Path
    environment: Mapping[str, str]
    arguments: list[str]
    timeout: float
    online: bool = False
    log: str = ""
    status: int = 0
    states: dict[str, str] = field(default_factory=dict)
    planned: list[Mapping[str, Any]] = field(default_factory=list)

    def start(self, absent_tags: Collection[str]) -> None:
        """Run all jobs that have a runner, then those that GitLab would still start."""
        text = self._call("--list-json", keep=False)
        listed = json.loads(text[text.index("[\n") : text.rindex("\n]") + 2])
        concerned = [job for job in listed if job["when"] not in ("never", "manual")]
        tags = self._tags()
        self.planned = [
            job for job in concerned if not tags.get(_base(job["name"]), set()) & set(absent_tags)
        ]
        for job in self.planned:
            self._link(str(job["name"]))
        if len(self.planned) == len(concerned):
            self._call()
        elif self.planned:
            self._call(*[str(job["name"]) for job in self.planned])
        late = [
            str(job["name"])
            for job in self.planned
            if job["when"] == "always" and job["name"] not in self.states
        ]
        if late:
            self._call(*late)

    def _call(self, *arguments: str, keep: bool = True) -> str:
        command = [*find(), *_FLAGS, *self.arguments, *arguments]
        started = time.monotonic()
        status, output = engines.run_engine(
            command, self.work, self.environment, self.timeout, online=self.online
        )
        self.timeout -= time.monotonic() - started
        if keep:
            self.log += output
            self.status = self.status or status
            self.states |= {
                found[2]: SUCCESS if found[1] == "PASS" else FAILURE
                for line in output.splitlines()
                if (found := _REPORT.match(line)) and not found[2].endswith("after_script")
            }
        elif status:
            raise AssertionError(f"gitlab-ci-local does not take the pipeline:\n{output}")
        return output

    def _tags(self) -> dict[str, set[str]]:
        text = (self.work / _STATE / "expanded-gitlab-ci.yml").read_text("utf-8")
        jobs = YAML(typ="safe", pure=True).load(text)
        return {
            str(name): {str(tag) for tag in job.get("tags") or ()}
            for name, job in jobs.items()
            if isinstance(job, dict)
        }

    def _link(self, name: str) -> None:
        """Let CI_PROJECT_DIR, which holds the job's name, lead to the engine's folder for it."""
        folder = self.work / _STATE / "builds"
        folder.mkdir(parents=True, exist_ok=True)
        if _safe(name) != name and not (folder / name).is_symlink():
            (folder / name).symlink_to(_safe(name))

    def result(self) -> RunResult:
        """What came of it, matrix legs joined."""
        legs: dict[str, list[str]] = {}
        logs: dict[str, str] = {}
        for job in self.planned:
            name = str(job["name"])
            log = self._output(name)
            state = self.states.get(name, SKIPPED)
            if state == SUCCESS and _SKIPS.search(log):
                state = SELF_SKIPPED
            legs.setdefault(_base(name), []).append(state)
            logs[_base(name)] = logs.get(_base(name), "") + log
        started = [found[1] for line in self.log.splitlines() if (found := _START.match(line))]
        return RunResult(
            jobs={name: engines.worst(states) for name, states in legs.items()},
            order=tuple(dict.fromkeys(_base(name) for name in started)),
            outputs={name: self._dotenv(name) for name in legs},
            artifacts=self.work / _STATE / "artifacts",
            logs=logs,
            log=self.log,
            status=self.status,
        )

    def _output(self, name: str) -> str:
        path = self.work / _STATE / "output" / f"{_safe(name)}.log"
        return path.read_text("utf-8", errors="replace") if path.exists() else ""

    def _dotenv(self, name: str) -> dict[str, str]:
        folder = self.work / _STATE / "artifacts" / _safe(name) / ".gitlab-ci-reports/dotenv"
        lines = [line for path in folder.rglob("*.env") for line in path.read_text().splitlines()]
        return dict(line.split("=", 1) for line in lines if "=" in line)


def _base(name: str) -> str:
    return name.partition(": [")[0]


def _safe(name: str) -> str:
    """The engine's folder name for a job: all but word characters in base64."""

    def coded(found: re.Match[str]) -> str:
        return base64.urlsafe_b64encode(found[0].encode()).decode().rstrip("=")

    return re.sub(r"[^\w-]+", coded, name)
