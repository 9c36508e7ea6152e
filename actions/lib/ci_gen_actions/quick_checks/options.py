"""What the action `quick-checks` is told and what it tells."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output


@dataclass(frozen=True, kw_only=True)
class Options:
    """The inputs."""

    max_file_kib: int = option(
        doc="Size in KiB above which a tracked file is reported; 0 for no limit. "
        "GitHub warns from 51200 on and refuses from 102400 on",
        default=51200,
        minimum=0,
    )
    exclude: tuple[str, ...] = option(
        doc="Patterns of files that are not looked at, such as tests/broken/**. "
        "A pattern that begins with ! takes back what earlier ones matched",
        default=(),
    )
    evidence_name: str = option(
        doc="Name of the evidence file, without .json", default="quick-checks"
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs."""

    verdict: str = output(
        doc="PASS, FAIL where something was found, NO_DATA where no file was looked at",
        default="ERROR",
    )
    files: int = output(doc="How many files were looked at", default=0)
    findings: int = output(doc="How many mistakes were found", default=0)
