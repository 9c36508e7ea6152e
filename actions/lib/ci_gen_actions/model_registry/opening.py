"""A registry from the way in which people write where it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ..core.errors import UsageError

if TYPE_CHECKING:
    from .registry import ModelRegistry

DEFAULT = "models"
"""The folder of the registry, in the current one, where nothing else is said."""
BRANCH = "ci-gen-data"
"""The branch of the repository that keeps what an OCI registry's versions and pointers are."""


def open_registry(
    location: str = DEFAULT,
    *,
    username: str = "",
    password: str = "",
    branch: str = BRANCH,
    base: Path | None = None,
    environ: Mapping[str, str] | None = None,
    token: str = "",
) -> ModelRegistry:
    """The registry at `location`: a folder, `file:<folder>`, or `oci://host/repository`.

    `base` is the folder that a relative path begins at, and the checkout whose data branch has
    the pointers of an OCI registry on `branch`; the current folder by default. Nothing is read
    or created yet. `token` may push the branch where the checkout may not. Raises
    UsageError for a location that is none.
    """
    start = base or Path.cwd()
    scheme, colon, rest = location.partition(":")
    if not location.strip():
        raise UsageError("no registry is named", next="give a folder, or oci://host/repository")
    _supported(oci=bool(colon) and scheme == "oci")
    if colon and scheme == "oci":
        return _oci(rest, location, start, branch, environ, username, password, token)
    if colon and scheme == "file":
        return _folder(start / _path(rest, location))
    if colon and "//" in rest:
        raise UsageError(
            f"{location[:120]!r} is no registry of models",
            why=f"there is no registry behind {scheme}:",
            next="give a folder, or oci://host/repository",
        )
    return _folder(start / Path(location).expanduser())


def _supported(*, oci: bool) -> None:
    if sys.platform == "win32" or (oci and not sys.platform.startswith("linux")):
        kind = "a registry of models in an OCI registry" if oci else "a registry of models"
        raise UsageError(
            f"{kind} cannot be used on this system",
            why="it needs Linux" if oci else "it needs locks and links of Linux or macOS",
            next="run this on Linux",
        )


def _oci(
    rest: str,
    location: str,
    checkout: Path,
    branch: str,
    environ: Mapping[str, str] | None,
    username: str,
    password: str,
    token: str,
) -> ModelRegistry:
    from ..core.oci_reference import parse_reference
    from .data_branch import DataBranch
    from .oci_store import OciRegistry

    if not rest.startswith("//"):
        raise UsageError(f"{location[:120]!r} is no registry", next="write oci://host/repository")
    place = parse_reference(rest[2:].rstrip("/"))
    if place.tag or place.digest:
        raise UsageError(
            f"{location[:120]!r} names a tag or digest",
            next="give the repository below which the models lie, such as oci://ghcr.io/me/models",
        )
    data = DataBranch(checkout, branch, os.environ if environ is None else environ, token)
    return OciRegistry(place, data, username=username, password=password)


def _folder(root: Path) -> ModelRegistry:
    from .folder import FolderRegistry

    if root.exists() and not root.is_dir():
        raise UsageError(
            f"{root} is no folder", next="a registry is a folder, or oci://host/repository"
        )
    return FolderRegistry(root)


def _path(rest: str, location: str) -> str:
    parts = urlsplit(f"file:{rest}")
    if parts.netloc not in ("", "localhost"):
        raise UsageError(
            f"{location[:120]!r} names a folder of another machine",
            next="mount it here and give its path, such as file:///srv/models",
        )
    return unquote(parts.path)
