"""What the action `scan-image` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output
from ..scanning.findings import THRESHOLDS
from ..scanning.pinned_tool import PIN

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `scan-image`. Paths are relative to the checkout unless absolute."""

    service: str = option(doc="The service whose image it is.", default="", pattern=NAME)
    sbom: str = option(
        doc="The SBOM of the image, as the action `sbom` writes it: SPDX or CycloneDX, in JSON."
    )
    image_evidence: str = option(
        doc="The evidence file of `image-build`. The SBOM must be of the image that it names, and "
        "the image's digest becomes an input of the evidence.",
        default="",
    )
    severity: str = option(
        doc="The lowest severity that fails.", default="high", choices=THRESHOLDS
    )
    only_fixed: bool = option(
        doc="Let only vulnerabilities fail that a newer version of the package fixes.",
        default=False,
    )
    ignore_file: str = option(
        doc="The list of accepted findings, each with a reason and a last day. Where there is no "
        "such file, nothing is accepted.",
        default="config/security-ignore.yaml",
    )
    scanner: str = option(doc="The scanner.", default="grype", choices=("grype", "trivy"))
    download: tuple[str, ...] = option(
        doc="Where to get the scanner, a line a platform: `<platform> <version> <url> "
        "sha256:<hex>`, the platform being linux/amd64 or linux/arm64 and the file a .tar.gz. A "
        "scanner of that version on PATH is taken instead. Empty: whichever is on PATH.",
        default=(),
        pattern=PIN,
    )
    report: str = option(
        doc="A report that the scanner made in an earlier step (grype's or trivy's JSON); then no "
        "scanner is started.",
        default="",
    )
    max_database_days: int = option(
        doc="The age in days from which on the scanner's database is too old for a PASS; for a "
        "report that does not tell its database's age, the age of the report.",
        default=7,
        minimum=1,
    )
    timeout: int = option(
        doc="Seconds that the scanner may take, the update of its database included.",
        default=900,
        minimum=1,
    )
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="scan-image", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `scan-image`; empty where the action did not come so far."""

    verdict: str = output(
        doc="PASS, FAIL, INCONCLUSIVE where the scan does not cover the image or its database is "
        "too old, NO_DATA where no package was scanned, or ERROR.",
        default="",
    )
    findings: int = output(doc="How many vulnerabilities fail.", default=0)
    ignored: int = output(doc="How many are accepted by the ignore list.", default=0)
    report: str = output(doc="The path of the scanner's report.", default="")
