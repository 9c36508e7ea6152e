"""Stage `release`: the record of what was tested, beside the image, and the tags that follow it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ci_gen.pipeline.image_settings import ImageSettings
from ci_gen.pipeline.model import (
    AFTER_MERGE,
    Access,
    ActionCall,
    Artifact,
    Grant,
    Job,
    Need,
    Signing,
    Stage,
)
from ci_gen.pipeline.parts import (
    EVIDENCE_FOLDER,
    PYTHON_TOOLS,
    evidence,
    evidence_names,
    hosted,
    lines,
)
from ci_gen.pipeline.settings import CONFIG_FILE, Settings
from ci_gen.pipeline.stages.image import registry

RELEASE = "release"
RECORDS = "release"
_PUSH = Grant(Access.PUSH_IMAGES, "to push the record and to move the image's tags")
_SIGN = (
    Grant(Access.PROVE_IDENTITY, "to prove to Sigstore which workflow signs"),
    Grant(Access.ATTEST, "to store the attestations"),
)


def plan(settings: Settings, stages: Iterable[Stage]) -> Stage | None:
    """The one release job, after all jobs of `stages`."""
    image = settings.image
    if image is None or not settings.config.release.enabled:
        return None
    jobs = [job for stage in stages for job in stage.jobs]
    return Stage(
        id="release",
        title="Release",
        why="Code, package, image and what is known of them belong together. The record names "
        "them by digest; what has no complete record gets no tag that anybody deploys.",
        jobs=(_job(settings, image, jobs),),
    )


def _job(settings: Settings, image: ImageSettings, jobs: Sequence[Job]) -> Job:
    release = settings.config.release
    login = registry(image)
    demanded = [name for job in jobs for name in evidence_names(job)]
    return Job(
        id=RELEASE,
        stage="release",
        title="Release record",
        why="Joins the evidence of all jobs into a record of each image, pushes it beside the "
        "image, and moves the tags once nothing is missing.",
        runner=hosted(settings),
        tools=PYTHON_TOOLS,
        needs=tuple(_need(job, signed=release.sign) for job in jobs),
        events=AFTER_MERGE,
        forks=False,
        all_evidence=True,
        grants=(_PUSH, *(_SIGN if release.sign else ())),
        timeout_minutes=settings.config.timeouts.release,
        expected_minutes=1.5,
        artifacts=(
            evidence(settings, RELEASE),
            Artifact(
                name="release-record",
                paths=(f"{RECORDS}/",),
                retention_days=settings.config.retention.evidence,
            ),
        ),
        calls=(
            ActionCall(
                id=RELEASE,
                action="release",
                title="Assemble and publish the record",
                inputs={
                    "evidence-folder": EVIDENCE_FOLDER,
                    "record": RECORDS,
                    "username": login["username"],
                    "password": login["password"],
                    "publish": "auto",
                    "tags": lines(("branch", "semver", "latest")),
                    "require": lines(dict.fromkeys([*demanded, *release.require])),
                    "config": CONFIG_FILE,
                    "sboms": "dist/*.spdx.json",
                    "evidence-name": RELEASE,
                },
            ),
        ),
        signing=Signing(
            subjects=f"{RECORDS}/subjects.tsv",
            checksums=f"{RECORDS}/subjects.sha256",
            packages=("dist/**/*.tar.gz", "dist/**/*.whl"),
            repository=image.declared.repository or "",
            username=login["username"],
            password=login["password"],
        )
        if release.sign
        else None,
    )


def _need(job: Job, *, signed: bool) -> Need:
    """The job with its evidence, what is in its images, and the packages that are attested."""
    kinds = ("evidence-", "sbom-", *(["package-"] if signed else []))
    return Need(
        job=job.id,
        artifacts=tuple(each.name for each in job.artifacts if each.name.startswith(kinds)),
    )
