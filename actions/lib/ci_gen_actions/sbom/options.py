"""What the action `sbom` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
FORMATS = ("spdx-json", "cyclonedx-json")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `sbom`. Paths are relative to the checkout unless absolute."""

    service: str = option(doc="The service whose image it is.", default="", pattern=NAME)
    image: str = option(
        doc="The image in the container engine, by name or id. Empty: the one that "
        "`image-evidence` names.",
        default="",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*",
    )
    image_evidence: str = option(
        doc="The evidence file of `image-build`, whose output `local-reference` is the image.",
        default="",
    )
    format: str = option(
        doc="The format: SPDX 2.3 or CycloneDX 1.6, both in JSON. Attestations and scanners take "
        "either.",
        default="spdx-json",
        choices=FORMATS,
    )
    output: str = option(
        doc="The file to write; `dist/<service>.spdx.json` or `.cdx.json` where empty.",
        default="",
    )
    manifest: str = option(
        doc="Where the image has the manifest of the package that it was made from. What it says "
        "of the compiled service becomes a component, since no scanner sees compiled C++.",
        default="/app/manifest.json",
        pattern=r"/[^\0]*",
    )
    timeout: int = option(doc="Seconds that syft may take.", default=1800, minimum=1)
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="sbom", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `sbom`; empty where the action did not come so far."""

    sbom: str = output(doc="The path of the SBOM.", default="")
    sbom_sha256: str = output(doc="Its SHA-256, 64 hex digits.", default="")
    packages: int = output(doc="How many packages syft found.", default=0)
    verdict: str = output(doc="PASS, NO_DATA where syft found no package, or ERROR.", default="")
