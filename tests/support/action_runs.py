"""Runs an action in this process, in a workspace of its own, and keeps what it said."""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci_gen_actions.core.errors import ActionError
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.result import Result

FIXTURES = Path(__file__).parents[1] / "fixtures"
LAUNCHER = Path(__file__).parents[2] / "actions" / "launch.py"


@dataclass(frozen=True)
class Ran:
    """What an action returned or raised, and its log."""

    log: str
    result: Result | None = None
    error: ActionError | None = None

    @property
    def verdict(self) -> str:
        """The verdict; ERROR for what was raised."""
        return self.result.verdict.value if self.result else "ERROR"

    @property
    def status(self) -> int:
        """The exit status that the runner would give."""
        if self.error is not None:
            return self.error.exit_status
        assert self.result is not None
        return self.result.verdict.exit_status

    @property
    def outputs(self) -> Any:
        """The outputs of a run that returned."""
        assert self.result is not None, f"{self.error}\n{self.log}"
        return self.result.outputs

    @property
    def findings(self) -> Mapping[str, Any]:
        """The findings of a run that returned."""
        assert self.result is not None, f"{self.error}\n{self.log}"
        return self.result.evidence["findings"]


def act(
    action: str, workspace: Path, environ: Mapping[str, str] | None = None, **options: Any
) -> Ran:
    """Run `action` as a step of a GitHub job whose checkout is `workspace`."""
    package = f"ci_gen_actions.{action.replace('-', '_')}"
    module = importlib.import_module(f"{package}.run")
    declared = importlib.import_module(f"{package}.options").Options(**options)
    log = io.BytesIO()
    given = {**environment(), **(environ or {}), "GITHUB_WORKSPACE": str(workspace)}
    ci = GitHub(given, log=log, out=io.BytesIO())
    try:
        result = module.run(declared, ci)
    except ActionError as error:
        return Ran(log.getvalue().decode(), error=error)
    return Ran(log.getvalue().decode(), result=result)


def environment() -> dict[str, str]:
    """Our environment, with the tools that were installed beside this Python on PATH."""
    values = {name: text for name, text in os.environ.items() if not name.startswith("CI_GEN_")}
    beside = str(Path(sys.executable).parent)
    return {**values, "PATH": os.pathsep.join([values.get("PATH", os.defpath), beside])}


def compiler() -> dict[str, str]:
    """What makes CMake find a C compiler; an empty CC where this machine has none at all."""
    search = environment()["PATH"]
    if any(shutil.which(name, path=search) for name in ("cc", "gcc", "clang")):
        return {}
    if importlib.util.find_spec("ziglang") is not None:
        return {"CC": f"{sys.executable} -m ziglang cc", "CXX": f"{sys.executable} -m ziglang c++"}
    return {"CC": ""}


def missing_tool() -> str:
    """Why no CMake project can be built here, "" where one can."""
    search = environment()["PATH"]
    if not shutil.which("cmake", path=search):
        return "cmake is not installed (pip install cmake)"
    if not any(shutil.which(name, path=search) for name in ("ninja", "make")):
        return "neither ninja nor make is installed (pip install ninja)"
    if compiler().get("CC") == "":
        return "no C compiler: neither cc, gcc, clang nor the ziglang wheel is installed"
    return ""


def checkout(fixture: str, folder: Path) -> Path:
    """A git repository with the files of a fixture in one commit of a fixed time."""
    shutil.copytree(FIXTURES / fixture, folder)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit all that is in the folder."""
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_AUTHOR_DATE": "2024-01-02T03:04:05Z",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.com",
        "GIT_COMMITTER_DATE": "2024-01-02T03:04:05Z",
    }
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run(["git", *words], cwd=folder, env={**os.environ, **identity}, check=True)
