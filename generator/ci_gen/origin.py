"""Which repository and commit the installed ci-gen came from: what generated pipelines pin.

Asked in this order: what the build recorded in `_origin.json` (wheels and sdists), what
pip recorded of an installation from git, and the checkout that the code runs from.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = "ci-gen/ci-gen"
"""Our home on GitHub, where nothing says otherwise."""


_SLUG = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.\.?$)[A-Za-z0-9._-]{1,100}"


@dataclass(frozen=True)
class Origin:
    """The repository as owner/name, and the 40 hex digits of the commit."""

    repository: str
    commit: str


def origin() -> Origin | None:
    """Where this ci-gen came from, None where nothing tells."""
    package = Path(__file__).parent
    return _recorded(package) or _installed() or _checkout(package)


def _recorded(package: Path) -> Origin | None:
    try:
        document = json.loads((package / "_origin.json").read_text("utf-8"))
        return _origin(str(document["repository"]), str(document["commit"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _installed() -> Origin | None:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        text = distribution("ci-gen").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    try:
        document = json.loads(text or "{}")
        commit = str(document["vcs_info"]["commit_id"])
    except (ValueError, KeyError, TypeError):
        return None
    return _origin(slug(str(document.get("url", ""))) or REPOSITORY, commit)


def _checkout(package: Path) -> Origin | None:
    root = package.parents[1]
    if not (root / "pyproject.toml").is_file() or not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    url = _git(root, "remote", "get-url", "origin")
    return _origin(slug(url) or REPOSITORY, commit)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=False,
            # A hook's GIT_DIR would tell of the hook's repository.
            env={name: value for name, value in os.environ.items() if name != "GIT_DIR"},
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _origin(repository: str, commit: str) -> Origin | None:
    named = re.fullmatch(_SLUG, repository) and re.fullmatch(r"[0-9a-f]{40}", commit)
    return Origin(repository, commit) if named else None


def slug(url: str) -> str:
    """owner/name of a GitHub address, "" where it is none."""
    match = re.fullmatch(
        r"(?:https://(?:[^@/\s]+@)?|ssh://git@|git@)github\.com[/:](.+?)(?:\.git)?/?", url
    )
    return match[1] if match and re.fullmatch(_SLUG, match[1]) else ""
