"""Virtual environments that nothing of the caller's gets into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from .errors import UsageError

_FOREIGN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "VIRTUAL_ENV",
    "VIRTUAL_ENV_PROMPT",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "POETRY_ACTIVE",
    "PIPENV_ACTIVE",
    "PIPENV_PIPFILE",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
    "UV_PYTHON",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_SYSTEM_PYTHON",
    "__PYVENV_LAUNCHER__",
)
"""What a caller's environment may hold that would mix other packages in."""


def isolated(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The caller's environment, with the virtual environment `folder` as the active one."""
    values = {name: value for name, value in environ.items() if name not in _FOREIGN}
    values["VIRTUAL_ENV"] = str(folder)
    values["PATH"] = os.pathsep.join([str(folder / "bin"), environ.get("PATH", os.defpath)])
    return values


def remove(folder: Path) -> None:
    """Delete a virtual environment. Raises UsageError where the folder holds something else."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists():
        raise UsageError(
            f"{folder} is no virtual environment",
            why="it would be deleted and made anew, and holds other files",
            next="give a folder that is empty or does not exist",
        )
    shutil.rmtree(folder, ignore_errors=True)
