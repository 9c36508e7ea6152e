"""The private folder of a build of an image: credentials and a build context."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from ..core import scratch
from ..core.scratch import LOCK

__all__ = ["LOCK", "PREFIX", "private_folder", "remove_abandoned"]

PREFIX = "ci-gen-image-"


def private_folder(environ: Mapping[str, str]) -> AbstractContextManager[Path]:
    """See `core.scratch`."""
    return scratch.private_folder(environ, PREFIX)


def remove_abandoned(top: Path) -> list[str]:
    """See `core.scratch`."""
    return scratch.remove_abandoned(top, PREFIX)
