"""What guards the supply chain, and what makes a release."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.choices import Severity
from ci_gen.config.limits import JOB, REPOSITORY_PATH
from ci_gen.config.option import option


@dataclass(frozen=True, kw_only=True)
class Security:
    """Scans of the sources, of the dependencies and of the image."""

    enabled: bool = option(default=True, doc="Scan the sources, and the image where there is one.")
    severity: Severity = option(
        default=Severity.HIGH, doc="A known vulnerability of this severity or above fails."
    )
    ignore: str = option(
        default="config/security-ignore.yaml",
        limits=REPOSITORY_PATH,
        doc="Findings that are accepted for a while, each with a reason and a date; the file "
        "need not be there.",
    )
    secrets: bool = option(default=True, doc="Look for secrets in the sources.")
    dependencies: bool = option(
        default=True, doc="Look for known vulnerabilities in what the sources depend on."
    )


@dataclass(frozen=True, kw_only=True)
class Release:
    """The release record, and the tags that follow it."""

    enabled: bool = option(
        default=True,
        doc="Join the evidence of a run into a release record, keep it beside the image, and move "
        "the image's tags. Where image.enabled.",
    )
    sign: bool = option(
        default=True,
        doc="Sign the image and attest where it and the packages come from, with Sigstore's public "
        "services. GitHub attests public repositories, and private ones of Enterprise Cloud; "
        "GitLab needs to be gitlab.com.",
    )
    require: tuple[str, ...] = option(
        default=(),
        limits=JOB,
        example=["integration-tests-server"],
        doc="Evidence without which there is no release, by the names of its jobs, besides what "
        "the release always demands.",
    )
