"""What the two engines have in common: the result of a run, and a clean place to run in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.lint_tools import MissingToolError
from tests.support.repositories import PROJECT, Repository

SUCCESS, FAILURE, SKIPPED = "success", "failure", "skipped"
SELF_SKIPPED = "self-skipped"
"""A GitLab job that started, saw that it has nothing to do, said so and ended well."""

ACTIONS_URL = "https://github.com/ci-gen/ci-gen"
_WORST = (FAILURE, SKIPPED, SELF_SKIPPED, SUCCESS)
_JOB_TOOLS = ("git", "python3", "cmake", "ctest", "ninja", "make", "cc", "c++", "gcc", "g++", "uv")


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a pipeline ended.

    `jobs` maps job ids to success, failure, skipped or self-skipped, a matrix job having the
    worst of its legs; a job that the event does not concern may be missing. `order` are the ids
    of the jobs that ran, in the order of their start. `artifacts` holds a folder for each
    artifact (GitHub) or job (GitLab). `outputs` maps job ids to what they handed on.
    """

    jobs: Mapping[str, str]
    order: tuple[str, ...]
    outputs: Mapping[str, Mapping[str, str]]
    artifacts: Path
    logs: Mapping[str, str]
    log: str
    status: int

    def ran(self) -> set[str]:
        """The jobs that did work."""
        return {job for job, state in self.jobs.items() if state in (SUCCESS, FAILURE)}

    def files(self, pattern: str) -> list[Path]:
        """The kept files whose name matches, in any artifact."""
        return sorted(path for path in self.artifacts.rglob(pattern) if path.is_file())

    def explain(self) -> str:
        """All that one wants to see when an assertion fails."""
        states = "\n".join(f"  {job}: {state}" for job, state in self.jobs.items())
        return f"exit status {self.status}\n{states}\n{self.log[-20_000:]}"


def worst(states: Iterable[str]) -> str:
    """The worst of a matrix job's legs."""
    return min(states, key=_WORST.index)


def program(name: str, variable: str, why: str) -> str:
    """An engine, from its environment variable, PATH, beside this Python, or node_modules.

    Raises MissingToolError.
    """
    beside = [str(Path(sys.executable).parent), str(PROJECT / "node_modules/.bin")]
    path = os.pathsep.join([os.environ.get("PATH", ""), *beside])
    found = os.environ.get(variable) or shutil.which(name, path=path)
    if not found:
        raise MissingToolError(f"{name} is not on PATH and {variable} is not set: {why}")
    return found


def job_environment(folder: Path, redirects: Mapping[str, Path]) -> dict[str, str]:
    """A clean environment for jobs: a home of its own, the tools of a runner, no network.

    `redirects` maps URLs to repositories on this disk that git takes instead.
    """
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    settings = [(f"url.{path.as_uri()}.insteadOf", url) for url, path in redirects.items()]
    settings += [("safe.directory", "*"), ("init.defaultBranch", "main")]
    environment = {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(_tools(folder)), "/usr/local/bin", "/usr/bin", "/bin"]),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(_made(folder / "tmp")),
        "XDG_CACHE_HOME": str(_made(folder / "cache")),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_TERMINAL_PROMPT": "0",
    }
    for number, (key, value) in enumerate(settings):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tools(folder: Path) -> Path:
    """A folder with links to what a runner has, wherever this machine keeps it."""
    tools = _made(folder / "tools")
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join([os.environ.get("PATH", ""), beside])
    # The interpreter itself: a version manager's shim or an environment would not be clean.
    real = {"python3": getattr(sys, "_base_executable", sys.executable)}
    for name in (*_JOB_TOOLS, "node", "rsync"):
        found = real.get(name) or shutil.which(name, path=path)
        if found and not (tools / name).is_symlink():
            (tools / name).symlink_to(os.path.realpath(found) if name in real else found)
    return tools


def offline(command: Sequence[str]) -> list[str]:
    """The command without a network, where this machine lets us take it away."""
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "--net", "true"], check=False).returncode == 0:
        return [unshare, "--net", *command]
    return list(command)


def run_engine(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    *,
    online: bool = False,
) -> tuple[int, str]:
    """Run an engine to its end: exit status and all output.

    Without a network, unless `online`: jobs that talk to containers need this machine's.
    """
    done = subprocess.run(
        list(command) if online else offline(command),
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout


def actions_commit(texts: Iterable[str]) -> set[str]:
    """The commits of our own actions that generated files name."""
    named = re.compile(r"ci-gen/ci-gen(?:/[\w./-]+)?@([0-9a-f]{40})")
    return {found for text in texts for found in named.findall(text)}


def work_copy(repository: Repository, folder: Path) -> Repository:
    """A fresh copy of a repository to run in, with nothing of an earlier run."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return repository.clone(folder)


def remotes(repository: Repository) -> list[str]:
    """The URLs of a repository's remotes."""
    names = repository.git("remote").split()
    return [repository.git("remote", "get-url", name) for name in names]
