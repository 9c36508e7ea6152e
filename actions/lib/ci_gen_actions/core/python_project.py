"""What the files of a Python project say of how it is installed and built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MANAGERS = ("uv", "poetry", "pdm", "pipenv")
"""The managers that are programs of their own; pip comes with every Python."""

_LOCKS = {
    "uv": "uv.lock",
    "poetry": "poetry.lock",
    "pdm": "pdm.lock",
    "pipenv": "Pipfile.lock",
}


_NO_PACKAGE = re.compile(r"(?m)^\s*(?:package-mode|package)\s*=\s*false\b")
"""poetry's and uv's way to say that a project is an application and no package."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Python project.

    `locks` are the managers whose lock file lies there (uv's may lie in a workspace above);
    `tables` are the managers that pyproject.toml configures. `installable` says that pip can
    install it (be it only for its dependencies), `packaged` that it is meant to become a wheel.
    """

    folder: Path
    locks: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    pipfile: bool = False
    installable: bool = False
    packaged: bool = False


def project(folder: Path, workspace: Path) -> Project:
    """Look at the project in `folder`."""
    text = _text(folder / "pyproject.toml")
    locks = {name for name, lock in _LOCKS.items() if (folder / lock).is_file()}
    above = [each for each in folder.parents if each == workspace or workspace in each.parents]
    if any((each / "uv.lock").is_file() for each in above):
        locks.add("uv")
    tables = {name for name in MANAGERS if _has_table(text, f"tool.{name}")}
    packaged = _has_table(text, "build-system") or (folder / "setup.py").is_file()
    return Project(
        folder=folder,
        locks=frozenset(locks),
        tables=frozenset(tables),
        pipfile=(folder / "Pipfile").is_file(),
        installable=packaged or _has_table(text, "project"),
        packaged=packaged and not _NO_PACKAGE.search(text),
    )


def _has_table(text: str, name: str) -> bool:
    """Whether a TOML text has a table; Python 3.10 brings no parser for it."""
    return bool(re.search(rf"(?m)^\s*\[\[?\s*{re.escape(name)}\s*[.\]]", text))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def pick_manager(asked: str, project: Project) -> str:
    """The manager asked for, or for `auto` the one that the project's files show."""
    if asked != "auto":
        return asked
    for shown in (project.locks, project.tables):
        for name in MANAGERS:
            # a [tool.uv] table configures uv, but pip installs such a project just as well
            if name in shown and (shown is project.locks or name != "uv"):
                return name
    return "pipenv" if project.pipfile else "pip"
