"""Runs actions as a platform does: a process of its own, inputs in the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "actions" / "launch.py"


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a process left: its status, what it wrote, and GitHub's outputs where it ran there."""

    code: int
    stdout: str
    stderr: str
    outputs: Mapping[str, str]
    summary: str = ""


def bare_environment(**more: str) -> dict[str, str]:
    """An environment without anything of the platform that the tests themselves run on.

    What leads to a package index stays: how to reach one is the machine's business.
    """
    names = ("PATH", "HOME", "LANG")
    index = ("PIP_", "UV_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_", "HTTPS_", "NO_PROXY")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in names or name.upper().startswith(index)
    }
    return {**kept, **more}


def github_environment(folder: Path, workspace: Path, **more: str) -> dict[str, str]:
    """The environment of a step on GitHub, its files lying in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("output", "summary"):
        (folder / name).touch()
    return bare_environment(
        GITHUB_ACTIONS="true",
        GITHUB_WORKSPACE=str(workspace),
        GITHUB_OUTPUT=str(folder / "output"),
        GITHUB_STEP_SUMMARY=str(folder / "summary"),
        RUNNER_TEMP=str(folder),
        **more,
    )


def run_action(
    name: str,
    workspace: Path,
    environ: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    python: str = sys.executable,
    launcher: Path = LAUNCHER,
) -> Ended:
    """Run `python -I launch.py <name>` in the workspace."""
    return finished(
        [python, "-I", str(launcher), name, *arguments], workspace, environ or bare_environment()
    )


def finished(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> Ended:
    """Run a command to its end."""
    done = subprocess.run(
        argv,
        cwd=folder,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    output = environ.get("GITHUB_OUTPUT", "")
    summary = environ.get("GITHUB_STEP_SUMMARY", "")
    return Ended(
        code=done.returncode,
        stdout=done.stdout,
        stderr=done.stderr,
        outputs=github_outputs(Path(output).read_text("utf-8")) if output else {},
        summary=Path(summary).read_text("utf-8") if summary else "",
    )


def github_outputs(text: str) -> dict[str, str]:
    """What the runner reads out of a `$GITHUB_OUTPUT` file."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        name, mark, delimiter = line.partition("<<")
        if not line:
            continue
        assert mark, f"neither empty nor the start of an output: {line!r}"
        value: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            value.append(inner)
        else:
            raise AssertionError(f"output {name} does not end")
        found[name] = "\n".join(value)
    return found


def read_evidence(workspace: Path, name: str) -> dict[str, Any]:
    """The evidence file of that name."""
    found: dict[str, Any] = json.loads((workspace / "evidence" / f"{name}.json").read_text("utf-8"))
    return found


def run_composite(
    manifest: Path, inputs: Mapping[str, str], workspace: Path, environ: Mapping[str, str]
) -> Ended:
    """Run the one step of a composite action, its inputs filled in as the runner does."""
    from ruamel.yaml import YAML

    action = YAML(typ="safe").load(manifest.read_text("utf-8"))
    known = set(action["inputs"])
    assert set(inputs) <= known, f"no inputs of {manifest}: {sorted(set(inputs) - known)}"
    (step,) = action["runs"]["steps"]
    values = {name: str(facts.get("default", "")) for name, facts in action["inputs"].items()}
    values.update(inputs)
    filled = dict(environ)
    for name, expression in step["env"].items():
        inner = expression.removeprefix("${{ inputs.").removesuffix(" }}")
        filled[name] = values[inner]
    filled["GITHUB_ACTION_PATH"] = str(manifest.parent)
    argv = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]]
    return finished(argv, workspace, filled)
