"""Builds through the action and by bare cmake, timed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trees import ROOT, Tree

LAUNCHER = ROOT / "actions" / "launch.py"
_FOREIGN = ("GITHUB_", "GITLAB_", "CI_GEN_", "CCACHE_", "CI_")


@dataclass(frozen=True)
class Timed:
    """Seconds of a build: all of it, and those that cmake's own processes took.

    `cpu` are those that it kept processors busy, which other work on the machine hardly changes.
    """

    total: float
    cmake: float
    cpu: float
    hits: str = ""


def environment() -> dict[str, str]:
    """Ours, without what a job's platform or an own ccache configuration would change."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def action(tree: Tree, sources: Path, jobs: int, cache: Path | None) -> Timed:
    """The action in the workspace that holds `sources`, as a process, with packing; no ctest."""
    words = [sys.executable, "-I", str(LAUNCHER), "build", "--service", "bench", "--no-ctest"]
    words += ["--source", sources.name, "--jobs", str(jobs)]
    words += [f"--cmake-args={each}" for each in tree.arguments]
    words += [f"--targets={each}" for each in tree.targets]
    words += ["--compiler-cache", "ccache" if cache else "none"]
    words += ["--cache-folder", str(cache)] if cache else []
    before = _cpu()
    seconds = run(words, sources.parent)
    cpu = _cpu() - before
    evidence = json.loads((sources.parent / "evidence/build.json").read_text("utf-8"))["findings"]
    phases = evidence["seconds"]
    use = evidence.get("ccache")
    hits = f"{use['hits']} of {use['hits'] + use['misses']}" if use else ""
    return Timed(seconds, phases["configuration"] + phases["build"], cpu, hits)


def bare(tree: Tree, sources: Path, jobs: int) -> Timed:
    """What the action starts, started by hand: the same arguments, no cache."""
    build = sources.parent / "bare"
    configure = ["cmake", "-S", str(sources), "-B", str(build), "-DCMAKE_BUILD_TYPE=Release"]
    configure += ["-G", "Ninja" if shutil.which("ninja") else "Unix Makefiles"]
    configure += ["-DGGML_NATIVE=OFF", "-DGGML_CCACHE=OFF", *tree.arguments]
    compile_ = ["cmake", "--build", str(build), "--parallel", str(jobs)]
    compile_ += ["--target", *tree.targets] if tree.targets else []
    before = _cpu()
    seconds = run(configure, sources.parent) + run(compile_, sources.parent)
    return Timed(seconds, seconds, _cpu() - before)


def _cpu() -> float:
    """Seconds of processors, of all processes that this one has waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(words: Sequence[str], folder: Path) -> float:
    """Seconds of a command. Ends the benchmark where it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout[-5000:]}{done.stderr[-5000:]}")
    return seconds
