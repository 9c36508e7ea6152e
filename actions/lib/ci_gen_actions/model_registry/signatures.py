"""The signatures of versions, each checked against all files of its version."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..core.errors import CannotDecide
from .registry import ModelRegistry, Problem
from .signing import NAME


def signatures(
    registry: ModelRegistry,
    versions: Mapping[str, Sequence[str]],
    check: Callable[[Path], str],
) -> list[Problem]:
    """What is wrong with the signatures of these versions of models. Raises CannotDecide."""
    found = []
    for name, wanted in versions.items():
        for version in wanted:
            with tempfile.TemporaryDirectory(prefix="ci-gen-verify-") as folder:
                try:
                    what = check(registry.held(registry.resolve(name, version), Path(folder)))
                except CannotDecide as error:
                    if "is damaged" not in error.what:
                        raise
                    what = "it cannot be checked: the version is damaged"
            if what:
                found.append(Problem(name=name, version=version, file=NAME, what=what))
    return found
