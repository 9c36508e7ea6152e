"""What the action `release` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

MOVING = ("branch", "semver", "latest")
"""Rules of tags that move; the commit's own tag is image-build's."""
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The inputs. Paths are relative to the checkout unless absolute."""

    evidence_folder: str = option(
        doc="Folder that holds the evidence files of the run, at any depth", default="evidence"
    )
    record: str = option(doc="Folder to write the records to", default="release")
    repository: str = option(
        doc="Where the images lie, without a tag: `ghcr.io/<owner>/<name>`. Empty: where "
        "image-build pushed them",
        default="",
    )
    username: str = option(doc="The user at the registry", default="")
    password: str = option(doc="The password or token at the registry", default="", secret=True)
    publish: str = option(
        doc="Whether to put the record beside its image and move tags. auto does in CI, but for "
        "a pull or merge request, where the image was pushed",
        default="auto",
        choices=("auto", "always", "never"),
    )
    tags: tuple[str, ...] = option(
        doc="Rules of the tags that follow a release of verdict PASS, latest being moved last",
        default=MOVING,
        choices=(*MOVING, "none"),
    )
    require: tuple[str, ...] = option(
        doc="Names of evidence without which there is no release", default=(), pattern=NAME
    )
    previous: str = option(
        doc="Where required evidence that this run lacks is taken from, if nothing that it looked "
        "at has changed: auto asks the registry for the record of the image that the tags name "
        "now, none takes nothing, anything else is the path of a record",
        default="auto",
    )
    config: str = option(doc="Path of ci-gen.yaml, whose digest is recorded", default="ci-gen.yaml")
    sboms: str = option(
        doc="A glob of the SBOMs, for the list of what is to be signed", default="dist/*.json"
    )
    evidence_name: str = option(doc="Name of the evidence file, without .json", default="release")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs. Of several images, each value is on a line of its own, in the same order."""

    record: str = output(doc="The paths of the records")
    record_digest: str = output(doc="The digests of the records' artifacts in the registry")
    reference: str = output(doc="The images that are released, `<repository>@sha256:...`")
    digest: str = output(doc="The images' digests in the registry")
    tags: str = output(doc="The tags that were moved, with a blank between them")
    verdict: str = output(
        doc="The worst verdict of the records: PASS, FAIL also where digests disagree, "
        "INCONCLUSIVE, NO_DATA where required evidence is missing, or ERROR",
        default="ERROR",
    )
