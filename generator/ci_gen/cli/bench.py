"""`ci-gen bench`: compare benchmarks on this machine, by the very action that CI uses."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from ci_gen.errors import UsageError

PLATFORMS = ("GITHUB_", "GITLAB_", "RUNNER_", "CI_GEN_BENCHMARK_COMPARE_")
"""What of the environment would make the action think that it runs in a pipeline."""
PATH = click.Path(dir_okay=False, path_type=Path)


@click.group(name="bench", help="Compare benchmarks.")
def command() -> None:
    """The group; each verb is a function below."""


@command.command(
    name="compare", help="Compare outputs of llama-bench, or a measurement of both builds."
)
@click.argument("sources", metavar="BASELINE CURRENT | MEASUREMENT", nargs=-1, required=True)
@click.option("--history", multiple=True, help="Outputs of one and the same build.")
@click.option("--tolerance", type=float, help="Percent by which a benchmark may become slower.")
@click.option(
    "--pairing",
    type=click.Choice(["auto", "rounds", "none"]),
    default="auto",
    show_default=True,
    help="Whether the n-th processes of both sides belong together.",
)
@click.option("--control", multiple=True, help="A benchmark that the change cannot affect.")
@click.option("--report", type=PATH, default="benchmark.html", show_default=True)
@click.option("--json", "comparison", type=PATH, help="Where to write the comparison as JSON.")
def compare_command(
    sources: tuple[str, ...],
    history: tuple[str, ...],
    tolerance: float | None,
    pairing: str,
    control: tuple[str, ...],
    report: Path,
    comparison: Path | None,
) -> int:
    """0 where no benchmark became slower, 1 where one did, 3 where that is not known.

    A source is a file, a folder, or a glob between quotes.
    """
    if len(sources) > 2:
        raise UsageError(
            "there are two sides: baseline and current.",
            "Name a folder, or put a glob between quotes, where a side has several files.",
        )
    flags = ["--measurement"] if len(sources) == 1 else ["--baseline", "--current"]
    words = _flags([*zip(flags, map(_absolute, sources), strict=True)])
    words += _flags([("--history", _absolute(each)) for each in history])
    words += _flags([("--controls", each) for each in control])
    words += _flags([("--pairing", pairing), ("--report", _absolute(str(report)))])
    words += ["--on-inconclusive", "block"]
    if tolerance is not None:
        words += ["--tolerance", str(tolerance)]
    # Evidence is for pipelines: here it goes where nobody looks.
    with tempfile.TemporaryDirectory() as folder:
        kept = comparison or Path(folder) / "comparison.json"
        words += ["--comparison", _absolute(str(kept))]
        status = _act(words, Path(folder))
    if report.is_file():
        click.echo(f"the report is {report}")
    return status


def _act(words: list[str], folder: Path) -> int:
    """Run the action as it runs in CI, in an environment of its own; its exit status."""
    from ci_gen.render.vendor import actions_folder

    environ = {name: text for name, text in os.environ.items() if not name.startswith(PLATFORMS)}
    launcher = str(actions_folder() / "launch.py")
    command = [sys.executable, "-I", launcher, "benchmark-compare", *words]
    done = subprocess.run(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, check=False)
    return done.returncode if 0 <= done.returncode <= 130 else 3


def _absolute(path: str) -> str:
    return str(Path.cwd() / path)


def _flags(pairs: list[tuple[str, str]]) -> list[str]:
    return [word for pair in pairs for word in pair]
