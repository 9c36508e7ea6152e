"""Mistakes in Dockerfiles, found by hadolint."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import CannotDecide
from ..core.process import capture
from ..scanning.findings import Finding, Severity

LEVELS = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "info": Severity.LOW,
    "style": Severity.NEGLIGIBLE,
}
_NO_DOCKERFILE = "DL1000"
"""What hadolint calls a file that it cannot parse."""


def lint(program: Path, workspace: Path, files: Sequence[str], timeout: float) -> list[Finding]:
    """What hadolint says of the files. Raises CannotDecide where it fails."""
    with tempfile.TemporaryDirectory(prefix="ci-gen-hadolint-") as scratch:
        # Settings of ours, else it takes those of the checkout, which could switch rules off.
        settings = Path(scratch) / "hadolint.yaml"
        settings.write_text("{}\n", encoding="utf-8")
        said = ("--no-fail", "--no-color", "--format", "json", "--config", str(settings))
        argv = [str(program), *said, "--", *files]
        done = capture(argv, cwd=workspace, timeout=timeout)
    try:
        found = json.loads(done.stdout)
        if not done.ok:
            raise ValueError
        return [_finding(each) for each in found]
    except (ValueError, TypeError, KeyError):
        raise CannotDecide(
            "hadolint failed",
            where=", ".join(files[:3]),
            why=f"it {done.outcome}: {(done.output.strip().splitlines() or [''])[-1][:300]}",
        ) from None


def _finding(found: Mapping[str, Any]) -> Finding:
    code = str(found["code"])
    page = f"https://github.com/hadolint/hadolint/wiki/{code}"
    if code.startswith("SC"):
        page = f"https://www.shellcheck.net/wiki/{code}"
    return Finding(
        id=code,
        severity=LEVELS.get(str(found["level"]), Severity.UNKNOWN),
        title=str(found["message"]),
        file=str(found["file"]),
        line=int(found["line"]),
        link="" if code == _NO_DOCKERFILE else page,
    )
