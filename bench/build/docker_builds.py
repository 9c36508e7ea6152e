"""An image that compiles inside, built by bare `docker build` and by the action, timed.

Both run the engine's BuildKit through the same client, without a cache of the compile. What
compiles is installed beforehand into an image of its own, which is removed again.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiles import LAUNCHER, run
from trees import ROOT, Tree

sys.path.insert(0, str(ROOT / "actions" / "lib"))

from ci_gen_actions.image_build.connection import clients

_TOOLS = "ci-gen-bench-tools"
_IMAGE = "ci-gen-bench-bare"
_TARGETS = {"llama.cpp": "ggml"}
"""A part of the tree: what is measured is what comes on top of the compile."""


@dataclass(frozen=True)
class DockerBuilds:
    """Seconds of the two builds, and those of the action's that the build itself took."""

    bare: float
    action: float
    within: float


def docker_builds(tree: Tree, folder: Path, base: str, jobs: int) -> DockerBuilds:
    """Compile the tree inside of an image twice: by hand, then by the action."""
    os.environ["DOCKER_BUILDKIT"] = "1"
    docker = next((each.path for each in clients(os.environ) if each.has_buildkit), "")
    if not docker:
        sys.exit("no docker client here speaks BuildKit")
    sources = tree.clone(folder)
    with tempfile.TemporaryDirectory() as name:
        tools = Path(name, "Dockerfile")
        packages = "cmake g++ git make"
        install = f"apt-get update && apt-get install -y --no-install-recommends {packages}"
        tools.write_text(f"FROM {base}\nRUN {install}\n", "utf-8")
        run([docker, "build", "--network", "host", "--tag", _TOOLS, name], Path(name))
    target = f" --target {_TARGETS[tree.name]}" if tree.name in _TARGETS else ""
    configure = " ".join(["cmake -S /src -B /build", *tree.arguments])
    text = f"FROM {_TOOLS}\nARG RUN=0\nCOPY . /src\n"
    text += f"RUN {configure} && cmake --build /build --parallel {jobs}{target}\n"
    (sources / "bench.Dockerfile").write_text(text, "utf-8")
    words = ["--file", "bench.Dockerfile", "--build-arg", "RUN=1", "--tag", _IMAGE, "."]
    try:
        bare = run([docker, "build", *words], sources)
        action = run(_action(), sources)
        within = float(_evidence(sources)["findings"]["build-seconds"])
    finally:
        made = _evidence(sources)["outputs"].get("local-reference", "")
        names = [_IMAGE, _TOOLS, *([made] if made else [])]
        run([docker, "image", "rm", "--force", *names], sources)
    return DockerBuilds(bare, action, within)


def _evidence(sources: Path) -> dict[str, Any]:
    path = sources / "evidence" / "image-build.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {"outputs": {}}


def _action() -> list[str]:
    words = [sys.executable, "-I", str(LAUNCHER), "image-build", "--service", "bench"]
    words += ["--dockerfile", "bench.Dockerfile", "--build-args", "RUN=2", "--builder", "buildkit"]
    return [*words, "--no-test", "--push", "never", "--no-registry-cache"]
