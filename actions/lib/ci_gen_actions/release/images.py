"""The images of a run, and which evidence is of which image. Pure.

Evidence is tied to an image by what it names by digest: the image itself, its SBOM, or the
package that it was made from. What names none of them counts for every image of its service,
and what is of no service (a scan of the sources) for all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .evidence_files import Found

BUILDS = ("build", "build-python")
IMAGE_BUILD = "image-build"
SBOM = "sbom"
DERIVED = ("changes", "gate", "release", "model-release")
"""Actions that tell of the pipeline's course, not of what is released."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image that a run made. `digest` is the registry's, "" where it was not pushed."""

    evidence: Found
    sbom: Found | None = None

    @property
    def service(self) -> str:
        """The service that it serves."""
        return self.evidence.service

    @property
    def variant(self) -> str:
        """Which image of the service it is: `cpu`, `cuda`, `python`."""
        return str(self.evidence.findings.get("variant") or "cpu")

    @property
    def id(self) -> str:
        """Its id in the engine that built it."""
        return self.evidence.outputs.get("image-id", "")

    @property
    def digest(self) -> str:
        """Its digest in the registry."""
        return self.evidence.outputs.get("digest", "")

    @property
    def package(self) -> str:
        """The digest of the package that it was made from, "" where it was compiled inside."""
        return self.evidence.inputs.get("package", "")

    @property
    def sbom_digest(self) -> str:
        """The digest of its SBOM, "" where there is none."""
        return sbom_of(self.sbom) if self.sbom else ""

    @property
    def names(self) -> frozenset[str]:
        """The digests by which other evidence calls it."""
        return frozenset({self.id, self.digest} - {""})


def images(found: Sequence[Found]) -> tuple[Image, ...]:
    """Every image that was made, by service and variant, each with its SBOM."""
    made = [Image(evidence=each) for each in found if each.action == IMAGE_BUILD]
    lists = [each for each in found if each.action == SBOM]
    joined = [Image(evidence=each.evidence, sbom=_sbom(each, lists)) for each in made]
    return tuple(sorted(joined, key=lambda each: (each.service, each.variant, each.evidence.stage)))


def _sbom(image: Image, lists: Iterable[Found]) -> Found | None:
    return next((each for each in lists if each.inputs.get("image") in image.names), None)


def sbom_of(evidence: Found) -> str:
    """The digest of the SBOM that it is the evidence of."""
    digits = evidence.outputs.get("sbom-sha256", "")
    return f"sha256:{digits}" if digits else ""


def package_of(evidence: Found) -> str:
    """The digest of the package that a build made."""
    digits = evidence.outputs.get("package-sha256", "")
    return f"sha256:{digits}" if digits else ""


def belongs(each: Found, image: Image) -> bool:
    """Whether the evidence counts for the image."""
    if each.action in DERIVED:
        return False
    if each.action == IMAGE_BUILD:
        return each is image.evidence
    if "image" in each.inputs:
        return each.inputs["image"] in image.names
    if image.package and each.action in BUILDS:
        return package_of(each) == image.package
    if image.package and "package" in each.inputs:
        return each.inputs["package"] == image.package
    return each.service in ("", image.service)


def contradictions(found: Sequence[Found], made: Sequence[Image]) -> list[str]:
    """Every digest on which the evidence disagrees, as sentences; none for a consistent run."""
    return [
        *_commits(found),
        *(text for image in made for text in _of_image(image, found)),
        *(text for each in found for text in _of_evidence(each, found, made)),
        *_twice(made),
    ]


def _commits(found: Sequence[Found]) -> Iterable[str]:
    commits = sorted({each.commit for each in found})
    if len(commits) > 1:
        for commit in commits:
            stages = ", ".join(each.stage for each in found if each.commit == commit)
            yield f"commit {commit or 'unknown'} is that of {stages}; all must be of one commit"


def _of_image(image: Image, found: Sequence[Found]) -> Iterable[str]:
    stage = image.evidence.stage
    if not image.id and not image.digest:
        yield f"{stage} is {image.evidence.verdict} and made no image"
    reference = image.evidence.outputs.get("reference", "")
    if reference and reference.partition("@")[2] != image.digest:
        yield f"{stage} names the digest {image.digest}, and its reference is {reference}"
    builds = {each.stage: package_of(each) for each in found if each.action in BUILDS}
    if image.package and image.package not in builds.values():
        told = ", ".join(f"{name} made {digest or 'none'}" for name, digest in builds.items())
        yield f"{stage} took the package {image.package}, and {told or 'no build is known'}"


def _of_evidence(each: Found, found: Sequence[Found], made: Sequence[Image]) -> Iterable[str]:
    if each.action in (*DERIVED, IMAGE_BUILD):
        return
    image, package = each.inputs.get("image"), each.inputs.get("package")
    if image and not any(image in one.names for one in made):
        known = ", ".join(f"{one.evidence.stage} made {one.digest or one.id}" for one in made)
        yield f"{each.stage} looked at the image {image}, and {known}"
    sbom = each.inputs.get("sbom")
    lists = {sbom_of(one): one for one in found if one.action == SBOM}
    if sbom and sbom not in lists:
        known = ", ".join(f"{one.stage} made {digest}" for digest, one in lists.items())
        yield f"{each.stage} looked at the SBOM {sbom}, and {known or 'no SBOM is known'}"
    elif sbom and image:
        of = next((one for one in made if image in one.names), None)
        if of is not None and of.sbom_digest != sbom:
            yield (
                f"{each.stage} looked at the SBOM {sbom}, and that of its image is "
                f"{of.sbom_digest or 'not known'}"
            )
    builds = {package_of(one) for one in found if one.action in BUILDS}
    if package and each.action not in BUILDS and package not in builds:
        told = ", ".join(sorted(builds - {""}))
        yield f"{each.stage} looked at the package {package}, and builds made {told or 'none'}"


def _twice(made: Sequence[Image]) -> Iterable[str]:
    for one, other in itertools.pairwise(made):
        if (one.service, one.variant) == (other.service, other.variant):
            yield (
                f"{one.evidence.stage} and {other.evidence.stage} both made the image "
                f"{one.variant} of {one.service}: {one.digest or one.id} and "
                f"{other.digest or other.id}"
            )
