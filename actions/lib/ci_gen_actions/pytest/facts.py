"""What planning has to know of the machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.python_project import MANAGERS


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The Python that environments are made with, and the managers on PATH, name to path."""

    python: str
    managers: Mapping[str, str] = field(default_factory=dict)


def machine(environ: Mapping[str, str]) -> Machine:
    """Look at the machine."""
    found = {name: shutil.which(name, path=environ.get("PATH")) for name in MANAGERS}
    return Machine(
        python=sys.executable, managers={name: path for name, path in found.items() if path}
    )
