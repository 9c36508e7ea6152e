"""The evidence of a run that builds, scans and tries an image, as its actions write it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ci_gen_actions.release.evidence_files import Found, parse

COMMIT = "c0ffee" + "0" * 34
STARTED = "2026-07-01T10:00:00Z"


def sha(text: str) -> str:
    """A digest that stands for `text`."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def evidence(
    stage: str,
    action: str,
    *,
    verdict: str = "PASS",
    service: str = "api",
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    findings: Mapping[str, Any] | None = None,
    commit: str = COMMIT,
    started: str = STARTED,
) -> dict[str, Any]:
    """One evidence file's content."""
    return {
        "schema": 1,
        "stage": stage,
        "action": action,
        "job": stage,
        "service": service,
        "commit": commit,
        "verdict": verdict,
        "started": started,
        "seconds": 1.5,
        "inputs": dict(inputs or {}),
        "outputs": dict(outputs or {}),
        "findings": dict(findings or {}),
        "tools": {},
    }


def of_image(
    variant: str = "cpu",
    *,
    service: str = "api",
    digest: str = "",
    repository: str = "127.0.0.1:5/team/api",
    pushed: bool = True,
) -> list[dict[str, Any]]:
    """Build, image, SBOM and scan of one image, which agree with each other."""
    name = f"{variant}-{service}"
    package, image, sbom = sha(f"package {name}"), sha(f"id {name}"), sha(f"sbom {name}")
    registry = (digest or sha(f"image {name}")) if pushed else ""
    return [
        evidence(
            f"build-{name}",
            "build",
            service=service,
            outputs={"package-sha256": package.removeprefix("sha256:")},
        ),
        evidence(
            f"image-{name}",
            "image-build",
            service=service,
            inputs={"package": package},
            outputs={
                "reference": f"{repository}@{registry}" if pushed else "",
                "digest": registry,
                "image-id": image,
                "size": "104857600",
            },
            findings={"variant": variant, "version": "1.2.3", "platforms": ["linux/amd64"]},
        ),
        evidence(
            f"sbom-{name}",
            "sbom",
            service=service,
            inputs={"image": image},
            outputs={"sbom-sha256": sbom.removeprefix("sha256:")},
        ),
        evidence(
            f"scan-image-{name}",
            "scan-image",
            service=service,
            inputs={"image": registry or image, "sbom": sbom},
            started="2026-07-01T10:20:00Z",
        ),
    ]


def run_of(*images: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The evidence of a whole run: the images (one for the CPU by default) and the sources."""
    made = [each for image in images or (of_image(),) for each in image]
    return [
        *made,
        evidence("scan-source", "scan-source", service=""),
        evidence("unit-tests", "pytest"),
        evidence("ci-ok", "gate", service=""),
    ]


def found(values: Iterable[Mapping[str, Any]]) -> tuple[Found, ...]:
    """The evidence as it is read from files."""
    return tuple(parse(json.dumps(each).encode(), f"{each['stage']}.json") for each in values)


def write(folder: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """The evidence as files, each below a folder of its own, as artifacts are downloaded."""
    for each in values:
        path = folder / f"evidence-{each['stage']}" / f"{each['stage']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(each), encoding="utf-8")
