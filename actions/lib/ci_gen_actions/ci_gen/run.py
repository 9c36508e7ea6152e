"""Runs the ci-gen of this very checkout and tells the platform what it said."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import EXIT_DRIFT, EXIT_USAGE, CannotDecide, UsageError
from ..core.process import Completed, capture
from ..core.result import Result, Verdict
from .options import Options, Outputs
from .report import Report, places, read_report, summary

GENERATOR = Path(__file__).resolve().parents[4] / "generator"
"""The generator beside the actions; where they were installed together it is on the path."""

SECONDS = 600.0
_START = """\
import sys
folder = sys.argv.pop(1)
if folder:
    sys.path.insert(0, folder)
from ci_gen.__main__ import main
sys.exit(main())
"""


def run(options: Options, ci: Dialect) -> Result:
    """Check or generate; FAIL with exit status 4 on drift."""
    folder = ci.workspace / options.working_directory
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {options.working_directory}",
            where="input working-directory",
            next="name a folder relative to the checkout, and check the repository out first",
        )
    words = [options.command, "--json", *(["--diff"] if options.command == "check" else [])]
    done = _ci_gen([*words, "--", options.path], folder)
    inside = os.path.relpath(folder / options.path, ci.workspace)
    report = _report(done, ci, inside)
    ci.log(done.output.rstrip())
    for each in report.files:
        say = ci.notice if each.done else ci.error
        message = f"{each.status}: {each.why}" if each.why else each.status
        say(message, file=os.path.normpath(Path(inside, each.path)))
    drifted = done.code == EXIT_DRIFT
    verdict = Verdict.FAIL if drifted else Verdict.PASS
    ci.log(f"ci-gen {options.command}: {report.status}, {len(report.files)} files to look at")
    return Result(
        verdict,
        Outputs(status=report.status, files=len(report.files), verdict=verdict.value),
        summary=summary(report, options.command),
        exit_status=EXIT_DRIFT if drifted else None,
    )


def _ci_gen(words: list[str], folder: Path) -> Completed:
    generator = str(GENERATOR) if GENERATOR.is_dir() else ""
    python = [sys.executable, "-I", "-B", "-c", _START, generator]
    return capture([*python, *words], cwd=folder, timeout=SECONDS)


def _report(done: Completed, ci: Dialect, inside: str) -> Report:
    """What ci-gen said. Raises an error where it could not say anything."""
    if done.code in (0, EXIT_DRIFT) and not done.timed_out:
        try:
            return read_report(done.stdout)
        except ValueError as error:
            raise CannotDecide("ci-gen's answer cannot be read", why=str(error)) from error
    found = places(done.output, inside)
    for place in found:
        ci.error(place.message, file=place.file, line=place.line)
    said = done.output.strip()
    if done.code == EXIT_USAGE:
        raise UsageError(
            "the configuration is wrong", why=said, next="correct it and run this again"
        )
    raise CannotDecide(f"ci-gen {done.outcome}", why=said)
