"""Runs the action image-build on small real repositories, here or in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.action_runs import commit
from tests.support.engine import Registry, engine
from tests.support.server_images import program

import ci_gen_actions

SERVICE = "tiny"


def repository(folder: Path, dockerfile: str, **files: bytes) -> Path:
    """A git repository with a Dockerfile, the server's program and further files."""
    (folder / "docker").mkdir(parents=True)
    (folder / f"docker/{SERVICE}-cpu.Dockerfile").write_text(dockerfile, encoding="utf-8")
    (folder / "server").write_bytes(program())
    (folder / "server").chmod(0o755)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    commit(folder)
    return folder


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of the action in a process of its own. `temporary` is its folder for files."""

    process: subprocess.Popen[bytes]
    workspace: Path
    temporary: Path

    def end(self, timeout: float = 300) -> int:
        """Wait for its end; its exit status."""
        return self.process.wait(timeout)

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return (self.temporary.parent / f"{self.temporary.name}.log").read_text("utf-8", "replace")

    @property
    def evidence(self) -> dict[str, Any]:
        """Its evidence; empty where it left none."""
        path = self.workspace / "evidence" / "image-build.json"
        return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}

    @property
    def files(self) -> list[str]:
        """What lies in its folder for temporary files."""
        return sorted(path.name for path in self.temporary.iterdir())

    def until(self, seen: Callable[[], object], timeout: float = 120) -> None:
        """Wait for something that it does."""
        last = time.monotonic() + timeout
        while not seen():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < last, self.log
            time.sleep(0.02)


def started(workspace: Path, temporary: Path, environ: dict[str, str], **inputs: str) -> Run:
    """Start the action as a step on GitHub, `inputs` being those of action.yml."""
    temporary.mkdir(exist_ok=True)
    given = {
        "service": SERVICE,
        "push": "always",
        "properties": "none",
        "registry_cache": "false",
        "start_timeout": "60",
        **inputs,
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = temporary.parent / f"{temporary.name}.log"
    event = temporary.parent / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "main"}}), encoding="utf-8")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "ci_gen_actions", "image-build"],
            cwd=workspace,
            env={
                **kept,
                "PYTHONPATH": str(Path(ci_gen_actions.__path__[0]).parent),
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(workspace),
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_EVENT_NAME": "push",
                "GITHUB_EVENT_PATH": str(event),
                "RUNNER_TEMP": str(temporary),
                **{f"CI_GEN_IMAGE_BUILD_{name.upper()}": text for name, text in given.items()},
                **environ,
            },
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    return Run(process=process, workspace=workspace, temporary=temporary)


def local_images(service: str = SERVICE) -> set[str]:
    """The names that the action gave to images in the engine."""
    name = f"ci-gen/{service}-cpu"
    found = [tag for image in engine().images.list(name=name) for tag in image.tags]
    return {tag for tag in found if tag.startswith(f"{name}:")}


def tags(server: Registry, name: str = SERVICE) -> tuple[str, ...]:
    """The tags in a registry."""
    from ci_gen_actions.core.oci import Registry as Client

    return Client(server.host).tags(name)
