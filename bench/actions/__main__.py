"""How long an action takes from its first instruction to its own Python, against installing.

    python bench/actions [--pairs N] [--json]

The peer is what actions in Python commonly do: `python -m venv` and `pip install` of the
repository, then `python -m`. All are measured in one run, in interleaved rounds on this very
machine, and the medians compared. "cold" is a fresh copy of the actions and, for those with
libraries, an empty environment cache; pip's and uv's download caches stay as they are, for the
peer, too. Time is CLOCK_MONOTONIC, read before the process is started and first thing in the
action's `run`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

OPTIONS = """\
from dataclasses import dataclass
from ..core.options import option

@dataclass(frozen=True, kw_only=True)
class Options:
    mark: str = option(doc="File to write the time into")

@dataclass(frozen=True, kw_only=True)
class Outputs:
    pass
"""
RUN = """\
import time
NOW = time.monotonic_ns()
from pathlib import Path
from ..core.result import Result, Verdict

def run(options, ci):
    Path(options.mark).write_text(str(NOW))
    return Result(Verdict.PASS)
"""


def make_copy(folder: Path) -> Path:
    """This repository, with two actions that only note the time: without and with libraries."""
    leave = shutil.ignore_patterns(
        "__pycache__", ".*_cache", ".git", ".venv", "*.egg-info", "tests"
    )
    shutil.copytree(ROOT, folder, ignore=leave, symlinks=True)
    for name in ("probe", "probe_libraries"):
        package = folder / "actions" / "lib" / "ci_gen_actions" / name
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "options.py").write_text(OPTIONS)
        (package / "run.py").write_text(RUN)
    launcher = folder / "actions" / "launch.py"
    text = launcher.read_text("utf-8")
    added = '    "probe-libraries": "../requirements/generator.txt",\n'
    launcher.write_text(text.replace("REQUIREMENTS = {\n", f"REQUIREMENTS = {{\n{added}"), "utf-8")
    return folder


def until_main(argv: list[list[str]], folder: Path, environ: dict[str, str]) -> float:
    """Seconds from before the first command to the first line of the action. Raises on failure."""
    mark = folder / "mark"
    mark.unlink(missing_ok=True)
    known = {**environ, "CI_GEN_PROBE_MARK": str(mark), "CI_GEN_PROBE_LIBRARIES_MARK": str(mark)}
    start = time.monotonic_ns()
    for command in argv:
        done = subprocess.run(
            command, cwd=folder, env=known, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return (int(mark.read_text()) - start) / 1e9


class Bench:
    """One temporary folder and the ways to start an action that are compared in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.warm = make_copy(folder / "warm")
        self.work = folder / "work"
        self.work.mkdir()
        names = ("VIRTUAL_ENV", "PYTHONPATH", "GITHUB_ACTIONS", "GITLAB_CI", "CI_GEN_CACHE")
        self.environ = {name: text for name, text in os.environ.items() if name not in names}
        beside = str(Path(sys.executable).parent)
        self.uv = shutil.which("uv") or shutil.which("uv", path=beside)

    def ways(self) -> dict[str, Callable[[], float]]:
        """Every way by its name; the peer last."""
        found: dict[str, Callable[[], float]] = {
            "no libraries, warm": lambda: self.start("probe", self.warm, self.folder / "cache"),
            "no libraries, cold": lambda: self.start("probe", self.fresh(), self.folder / "cache"),
            "libraries, warm": lambda: self.libraries(self.folder / "cache", uv=False),
            "libraries, cold, pip": lambda: self.libraries(self.new("cache"), uv=False),
        }
        if self.uv:
            found["libraries, cold, uv"] = lambda: self.libraries(self.new("cache"), uv=True)
        found["venv + pip install"] = self.peer
        return found

    def new(self, name: str) -> Path:
        self.count += 1
        return self.folder / f"{name}-{self.count}"

    def fresh(self) -> Path:
        folder = self.new("copy")
        shutil.copytree(self.warm, folder)
        return folder

    def start(self, action: str, copy: Path, cache: Path, path: str = "") -> float:
        argv = [sys.executable, "-I", str(copy / "actions" / "launch.py"), action]
        known = {**self.environ, "CI_GEN_CACHE": str(cache)}
        return until_main([argv], self.work, {**known, "PATH": path} if path else known)

    def libraries(self, cache: Path, *, uv: bool) -> float:
        parts = [each for each in os.environ["PATH"].split(os.pathsep) if each]
        path = [each for each in parts if not shutil.which("uv", path=each)]
        if uv and self.uv:
            path.insert(0, str(Path(self.uv).parent))
        return self.start("probe-libraries", self.warm, cache, os.pathsep.join(path))

    def peer(self) -> float:
        venv = self.new("venv")
        python = str(venv / "bin" / "python")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        return until_main(
            [
                [sys.executable, "-m", "venv", str(venv)],
                [*install, str(self.warm)],
                [python, "-m", "ci_gen_actions", "probe"],
            ],
            self.work,
            self.environ,
        )


def measure(pairs: int) -> dict[str, list[float]]:
    """Seconds of each way, in interleaved rounds after one that warms the caches."""
    with tempfile.TemporaryDirectory() as folder:
        ways = Bench(Path(folder)).ways()
        times: dict[str, list[float]] = {name: [] for name in ways}
        for round_ in range(pairs + 1):
            for name, way in ways.items():
                seconds = way()
                if round_:
                    times[name].append(seconds)
        return times


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python bench/actions", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="rounds to take the median of")
    parser.add_argument("--json", action="store_true", help="print every time as JSON")
    options = parser.parse_args()
    times = measure(max(1, options.pairs))
    if options.json:
        sys.stdout.write(json.dumps(times, indent=2) + "\n")
        return 0
    *_, peer = (statistics.median(each) for each in times.values())
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs"
    )
    sys.stdout.write(f"{machine}; medians of {options.pairs} interleaved rounds\n\n")
    sys.stdout.write("| Start of an action | Seconds | Faster than venv + pip |\n|---|---|---|\n")
    for name, each in times.items():
        median = statistics.median(each)
        sys.stdout.write(f"| {name} | {median:.3f} | {peer / median:.1f}x |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
