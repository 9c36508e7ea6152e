"""Runs grype or trivy on an SBOM: outside of the checkout, whose files must not steer them."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.process import Completed, capture
from ..core.process import run as run_process
from ..scanning.pinned_tool import Tool, numbers
from .reports import Report, moment, parse

_KEPT = ("GRYPE_DB_", "TRIVY_DB_", "TRIVY_JAVA_DB_", "TRIVY_CACHE_DIR")
"""Settings that say where the database comes from; all others could hide findings."""


def version_of(program: Path) -> str:
    """The version that the scanner says it is, "" where it says none."""
    try:
        done = capture([program, "version"], timeout=60)
    except CannotDecide:
        return ""
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    told = [line for line in lines if line.lower().startswith("version:")]
    return numbers(told[0]) if done.ok and told else ""


def command(tool: Tool, sbom: Path, report: Path, settings: Path) -> tuple[str, ...]:
    """What to start. `settings` is a configuration of ours, so that no other is looked for."""
    program = str(tool.path)
    if tool.path.name == "grype":
        said = ("--output", "json", "--file", str(report), "--config", str(settings))
        return (program, f"sbom:{sbom}", *said)
    said = ("--format", "json", "--output", str(report), "--config", str(settings))
    return (program, "sbom", *said, "--list-all-pkgs", "--ignorefile", str(settings), str(sbom))


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what could make a scanner leave findings out."""
    kept = {
        name: text
        for name, text in environ.items()
        if not name.startswith(("GRYPE_", "TRIVY_")) or name.startswith(_KEPT)
    }
    return {**kept, "GRYPE_CHECK_FOR_APP_UPDATE": "false"}


def scan(tool: Tool, sbom: Path, report: Path, *, ci: Dialect, timeout: float) -> Report:
    """Start the scanner and read its report, which is written to `report`.

    Raises CannotDecide where it fails, as without a database.
    """
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="ci-gen-scan-") as scratch:
        settings = Path(scratch) / "settings.yaml"
        settings.write_text("{}\n" if tool.path.name == "grype" else "", encoding="utf-8")
        argv = command(tool, sbom, report, settings)
        done = run_process(argv, ci=ci, cwd=scratch, env=environment(ci.environ), timeout=timeout)
    if not done.ok:
        raise _failed(argv, done)
    try:
        found = parse(report.read_bytes(), str(report))
    except FileNotFoundError:
        raise _failed(argv, done) from None
    if found.scanner == "trivy":
        found = _with_database(found, tool, environment(ci.environ))
    return dataclasses.replace(found, version=found.version or tool.version)


def _failed(argv: Sequence[str], done: Completed) -> CannotDecide:
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    return CannotDecide(
        "the scanner made no report",
        where=" ".join(argv[:2]),
        why=f"it {done.outcome}: {lines[-1] if lines else 'it wrote nothing'}",
        next="let the runner reach the scanner's database of vulnerabilities, or name a mirror "
        "(GRYPE_DB_UPDATE_URL, TRIVY_DB_REPOSITORY)",
    )


def _with_database(found: Report, tool: Tool, environ: Mapping[str, str]) -> Report:
    """The report with the date of trivy's database, which trivy tells apart from it."""
    done = capture([tool.path, "version", "--format", "json"], env=environ, timeout=60)
    try:
        told = json.loads(done.stdout)["VulnerabilityDB"]["UpdatedAt"]
    except (ValueError, KeyError, TypeError):
        return found
    built = moment(str(told))
    return dataclasses.replace(found, dated=built, dates="database") if built else found
