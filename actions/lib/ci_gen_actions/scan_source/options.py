"""What the action `scan-source` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output
from ..scanning.findings import THRESHOLDS

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
LOCKS = (
    "**/requirements*.txt",
    "**/requirements/**/*.txt",
    "**/pylock*.toml",
    "**/uv.lock",
    "**/poetry.lock",
    "**/pdm.lock",
    "**/Pipfile.lock",
)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `scan-source`. Paths and patterns are relative to the checkout."""

    severity: str = option(
        doc="The lowest severity that fails. Secrets of a known provider are critical, what only "
        "looks like a secret is medium; of hadolint, errors are high, warnings medium and hints "
        "low; a vulnerable dependency is high, since its advisory service rates none.",
        default="high",
        choices=THRESHOLDS,
    )
    ignore_file: str = option(
        doc="The list of accepted findings, each with a reason and a last day. Where there is no "
        "such file, nothing is accepted.",
        default="config/security-ignore.yaml",
    )
    secrets: bool = option(
        doc="Look for secrets in tracked files and in the commits of the change.", default=True
    )
    base: str = option(
        doc="The commit from which on commits are scanned. Empty: the base of the pull request or "
        "push that the platform names, else all commits of the checkout.",
        default="",
        pattern=r"[0-9a-f]{40}([0-9a-f]{24})?",
    )
    dependencies: bool = option(
        doc="Ask an advisory service about the Python packages that lock files name.", default=True
    )
    locks: tuple[str, ...] = option(
        doc="Patterns of the lock files: requirements with exact versions, pylock.toml, uv.lock, "
        "poetry.lock, pdm.lock, Pipfile.lock.",
        default=LOCKS,
    )
    advisories: str = option(
        doc="The advisory service: osv is api.osv.dev, pypi is PyPI's own, which cannot answer "
        "for packages that it does not have.",
        default="osv",
        choices=("osv", "pypi"),
    )
    osv_url: str = option(
        doc="Where OSV is asked, such as a mirror of it: the whole address of its query; "
        "https://api.osv.dev/v1/query where empty.",
        default="",
        pattern=r"https://\S+|http://(127\.0\.0\.1|localhost)[:/]\S+",
    )
    dockerfiles: tuple[str, ...] = option(
        doc="Patterns of the Dockerfiles that hadolint reads.", default=()
    )
    exclude: tuple[str, ...] = option(
        doc="Patterns of files in which nothing is looked for, such as tests/fixtures/**.",
        default=(),
    )
    report: str = option(
        doc="The report to write, in SARIF 2.1.0.", default="reports/scan-source.sarif"
    )
    timeout: int = option(doc="Seconds that each scanner may take.", default=900, minimum=1)
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="scan-source", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `scan-source`; empty where the action did not come so far."""

    verdict: str = output(
        doc="PASS, FAIL, INCONCLUSIVE where a part could not be scanned, NO_DATA where nothing "
        "was, or ERROR.",
        default="",
    )
    findings: int = output(doc="How many findings fail.", default=0)
    ignored: int = output(doc="How many are accepted by the ignore list.", default=0)
    report: str = output(doc="The path of the report.", default="")
