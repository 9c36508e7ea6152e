"""Stage `scan`: secrets and known vulnerabilities, in the sources and in the image."""

from __future__ import annotations

import posixpath

from ci_gen.config.choices import ForkPolicy
from ci_gen.pipeline.image_settings import ImageSettings
from ci_gen.pipeline.model import VARIANT, ActionCall, Job, Matrix, Need, Stage, ToolRef
from ci_gen.pipeline.parts import (
    CHANGES,
    EVIDENCE_FOLDER,
    PYTHON_TOOLS,
    evidence,
    first_checks,
    flag,
    hosted,
    lines,
    reports,
)
from ci_gen.pipeline.settings import Settings
from ci_gen.pipeline.stages import image as images

SCAN_SOURCE = "scan-source"
SCANNER = "grype"


def plan(settings: Settings) -> Stage | None:
    """A scan of the sources, and one of each image."""
    if not settings.config.security.enabled:
        return None
    jobs = [_source(settings)]
    if settings.image:
        jobs.append(_image(settings, settings.image))
        if settings.image.cuda:
            jobs.append(_cuda_images(settings, settings.image))
    return Stage(
        id="scan",
        title="Scans",
        why="A secret that was committed, or a library with a known hole, is found before it is "
        "served. What is accepted for a while has a reason and a last day.",
        jobs=tuple(jobs),
    )


def _source(settings: Settings) -> Job:
    security = settings.config.security
    report = f"reports/{SCAN_SOURCE}.sarif"
    return Job(
        id=SCAN_SOURCE,
        stage="scan",
        title="Scan the sources",
        why="Looks for secrets in every commit of the change, for known vulnerabilities in what "
        "the sources depend on, and for mistakes in the generated Dockerfiles.",
        runner=hosted(settings),
        tools=PYTHON_TOOLS,
        needs=first_checks(),
        # A document can hold a secret, too.
        skip_when_unaffected=False,
        fetch_depth=0,
        timeout_minutes=settings.config.timeouts.scan,
        expected_minutes=1,
        artifacts=(evidence(settings, SCAN_SOURCE), reports(settings, SCAN_SOURCE, report)),
        calls=(
            ActionCall(
                id=SCAN_SOURCE,
                action="scan-source",
                title="Scan the sources",
                inputs={
                    "severity": security.severity.value,
                    "ignore-file": security.ignore,
                    "secrets": flag(security.secrets),
                    "dependencies": flag(security.dependencies),
                    "dockerfiles": lines(_dockerfiles(settings)),
                    "report": report,
                    "evidence-name": SCAN_SOURCE,
                },
            ),
        ),
    )


def _dockerfiles(settings: Settings) -> list[str]:
    image = settings.image
    if image is None:
        return []
    kinds = [image.variant, *(["cuda"] if image.cuda else [])]
    return [images.dockerfile(settings, image, kind) for kind in kinds]


def _image(settings: Settings, image: ImageSettings) -> Job:
    own = f"scan-image-{image.service.name}"
    made = images.job_id(image, cuda=False)
    return _scan(settings, image, own, own, made=made, evidence_of=made, variant=image.variant)


def _cuda_images(settings: Settings, image: ImageSettings) -> Job:
    own = f"scan-image-cuda-{image.service.name}"
    made = images.job_id(image, cuda=True)
    return _scan(
        settings,
        image,
        own,
        f"{own}-{VARIANT}",
        made=made,
        evidence_of=f"{made}-{VARIANT}",
        variant=VARIANT,
    )


def _scan(
    settings: Settings,
    image: ImageSettings,
    own: str,
    name: str,
    *,
    made: str,
    evidence_of: str,
    variant: str,
) -> Job:
    """`made` is the job of the image, `name` and `evidence_of` are names of evidence."""
    security = settings.config.security
    contents = images.sbom(settings, image, variant)
    cuda = variant == VARIANT
    report = f"reports/{name}.json"
    return Job(
        id=own,
        stage="scan",
        title=f"Scan the image of {image.service.name}" + (" for CUDA" if cuda else ""),
        why="Compares the list of what is in the image with the known vulnerabilities; needs "
        "neither the image nor an engine.",
        runner=hosted(settings),
        tools=PYTHON_TOOLS,
        needs=(
            Need(job=CHANGES),
            Need(job=made, artifacts=(f"evidence-{evidence_of}", contents.name)),
        ),
        forks=not cuda or settings.config.forks.gpu is ForkPolicy.APPROVE,
        matrix=Matrix(rows=tuple({"variant": one.name} for one in image.cuda)) if cuda else None,
        timeout_minutes=settings.config.timeouts.scan,
        expected_minutes=1.5,
        artifacts=(evidence(settings, name), reports(settings, name, report)),
        calls=(
            ActionCall(
                id="scan",
                action="scan-image",
                title="Scan the image",
                inputs={
                    "service": image.service.name,
                    "sbom": contents.paths[0],
                    "image-evidence": posixpath.join(EVIDENCE_FOLDER, f"{evidence_of}.json"),
                    "severity": security.severity.value,
                    "ignore-file": security.ignore,
                    "scanner": SCANNER,
                    "download": ToolRef(SCANNER),
                    "evidence-name": name,
                },
            ),
        ),
    )
