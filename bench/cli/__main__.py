"""`python bench/cli`: ci-gen's commands beside copier and projen, side by side in one run.

Each round runs every command once, in an order that changes from round to round; the table
prints medians and ratios of medians. copier and projen get a template of the same number of
files and the same size as what ci-gen generates. They are installed into a temporary folder
from PyPI and npm.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from peers import copier_project, install_copier, install_projen, projen_project  # noqa: E402
from subjects import ci_gen_command, example, repositories_per_second  # noqa: E402


@dataclass(frozen=True)
class Arm:
    """One command: `prepare` is not timed."""

    name: str
    command: list[str]
    folder: Path
    prepare: Callable[[], None]


def nothing() -> None:
    """No preparation."""


def measure(arms: list[Arm], rounds: int) -> dict[str, float]:
    """Median seconds by name."""
    times: dict[str, list[float]] = {arm.name: [] for arm in arms}
    chance = random.Random(1)
    for number in range(rounds + 1):
        for arm in chance.sample(arms, len(arms)):
            arm.prepare()
            started = time.perf_counter()
            done = subprocess.run(arm.command, cwd=arm.folder, capture_output=True, check=False)
            seconds = time.perf_counter() - started
            if done.returncode != 0:
                sys.exit(f"{arm.name} failed: {done.stdout.decode()}{done.stderr.decode()}")
            if number:  # the first round warms the disk's cache
                times[arm.name].append(seconds)
        print(".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    return {name: statistics.median(values) for name, values in times.items()}


def toggled(path: Path, one: str, other: str) -> Callable[[], None]:
    """Change a file between two texts, so that the next run has something to write."""

    def change() -> None:
        text = path.read_text("utf-8")
        path.write_text(text.replace(one, other) if one in text else text.replace(other, one))

    return change


def arms(folder: Path) -> list[Arm]:
    """Everything that is compared."""
    python, ci_gen = sys.executable, ci_gen_command()
    clean, dirty = example(folder / "clean"), example(folder / "dirty")
    fresh = folder / "fresh"

    def renew() -> None:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(folder / "clean-source", fresh)

    shutil.copytree(clean, folder / "clean-source")
    subprocess.run(
        [*ci_gen, "init", "--yes", "--platform", "both"], cwd=clean, check=True, capture_output=True
    )
    subprocess.run(
        [*ci_gen, "init", "--yes", "--platform", "both", "--set", "timeouts.build=61"],
        cwd=dirty,
        check=True,
        capture_output=True,
    )
    copier = install_copier(folder / "copier")
    same, updated = copier_project(folder / "peers", copier, clean)
    projen = projen_project(folder / "projen", install_projen(folder / "npm"), clean)
    update = [copier, "update", "--defaults", "--trust", "--skip-answered", "--quiet"]

    def back() -> None:
        for words in (["reset", "-q", "--hard", "start"], ["clean", "-qfd"]):
            subprocess.run(["git", *words], cwd=updated, check=True, capture_output=True)

    return [
        Arm("python -c 'import click'", [python, "-c", "import click"], folder, nothing),
        Arm("ci-gen check", [*ci_gen, "check"], clean, nothing),
        Arm(
            "ci-gen generate",
            [*ci_gen, "generate"],
            dirty,
            toggled(dirty / "ci-gen.yaml", "build: 61", "build: 62"),
        ),
        Arm("ci-gen init --yes", [*ci_gen, "init", "--yes", "--platform", "both"], fresh, renew),
        Arm("copier check-update", [copier, "check-update", "--quiet"], same, nothing),
        Arm("copier update", update, updated, back),
        Arm(
            "projen synth",
            ["node", ".projenrc.js"],
            projen,
            toggled(projen / ".projenrc.js", "build: 61", "build: 62"),
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    os.environ.update({"PROJEN_DISABLE_POST": "1", "GIT_CONFIG_NOSYSTEM": "1"})
    with tempfile.TemporaryDirectory() as name:
        found = measure(arms(Path(name)), rounds)
        speed = repositories_per_second()
    print(f"\n{'command':<28}{'median, ms':>12}")
    for command, seconds in found.items():
        print(f"{command:<28}{seconds * 1000:>12.0f}")
    print(f"\n{'ratio':<52}{'found':>8}{'to reach':>10}")
    for label, value, goal in (
        ("check / import click", found["ci-gen check"] / found["python -c 'import click'"], "<= 2"),
        (
            "copier check-update / check",
            found["copier check-update"] / found["ci-gen check"],
            ">= 8",
        ),
        ("copier update / generate", found["copier update"] / found["ci-gen generate"], ">= 3"),
        ("projen synth / generate", found["projen synth"] / found["ci-gen generate"], "> 1"),
    ):
        print(f"{label:<52}{value:>8.2f}{goal:>10}")
    print(f"{'repositories rendered a second by one process':<52}{speed:>8.1f}{'>= 40':>10}")


if __name__ == "__main__":
    main()
