"""How long things are kept, and how long jobs may take."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.limits import DAYS, MINUTES
from ci_gen.config.option import option


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long artifacts are kept, in days."""

    packages: int = option(default=14, limits=DAYS, doc="Built packages.")
    reports: int = option(default=14, limits=DAYS, doc="Test reports.")
    evidence: int = option(default=90, limits=DAYS, doc="Evidence files.")


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Time limits of jobs, in minutes."""

    check: int = option(default=10, limits=MINUTES, doc="Path filter, quick checks, ci-ok.")
    build: int = option(default=60, limits=MINUTES, doc="CPU and Python builds.")
    cuda: int = option(default=120, limits=MINUTES, doc="CUDA builds.")
    test: int = option(default=30, limits=MINUTES, doc="Unit and integration tests.")
    image: int = option(default=60, limits=MINUTES, doc="Building and testing an image.")
    quality: int = option(default=90, limits=MINUTES, doc="Measuring a model's quality.")
    scan: int = option(default=20, limits=MINUTES, doc="Scans of sources and images.")
    release: int = option(
        default=20, limits=MINUTES, doc="The release record, signatures, and publishing a model."
    )
