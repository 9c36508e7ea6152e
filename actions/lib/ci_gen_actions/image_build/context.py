"""What is built: the checkout as it is, or a folder made of one package and `docker/`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..core import checkout
from ..core.archive import unpack_tar_gz
from ..core.dialect import Dialect
from ..core.errors import UsageError
from ..core.files import sha256
from .facts import Source
from .options import Options

PACKAGE, DOCKER = "package", "docker"


def prepare(options: Options, ci: Dialect, folder: Path) -> Source:
    """The context and the facts of the commit; `folder` may be written to.

    Raises UsageError for a folder, Dockerfile or package that is not there, ArchiveError for a
    package that would write outside of its folder.
    """
    workspace = ci.workspace.resolve()
    context = workspace / options.context
    if not context.is_dir():
        raise UsageError(f"there is no folder {context}", where="input context")
    dockerfile = _dockerfile(options, workspace)
    head = checkout.head(context, workspace)
    package = find_package(options.package, workspace) if options.package else None
    time = checkout.epoch(ci.environ, head)
    manifest: Mapping[str, object] = {}
    if package:
        manifest = _package_context(package, context, folder)
        _set_times(folder, time)
        context = folder
    event = ci.event
    commit = ci.commit or head.commit
    return Source(
        folder=context,
        dockerfile=dockerfile,
        text=dockerfile.read_text(encoding="utf-8", errors="replace"),
        commit=commit,
        dirty=head.dirty,
        time=time,
        version=event.tag.removeprefix("v") or commit[:12],
        source_url=event.source_url,
        package=package.relative_to(workspace).as_posix() if package else "",
        package_sha256=sha256(package) if package else "",
        manifest=manifest,
    )


def _dockerfile(options: Options, workspace: Path) -> Path:
    name = options.dockerfile or f"docker/{options.service}-{options.variant}.Dockerfile"
    path = workspace / name
    if not path.is_file():
        raise UsageError(
            f"there is no Dockerfile {name}",
            where="input dockerfile",
            why=f"{path} does not exist",
            next="`ci-gen generate` writes it where the config has an image, or name another",
        )
    return path


def find_package(pattern: str, workspace: Path) -> Path:
    """The only file that the glob matches. Raises UsageError for none or several."""
    if Path(pattern).is_absolute():
        top, below = Path(pattern).anchor, str(Path(pattern).relative_to(Path(pattern).anchor))
        found = sorted(path for path in Path(top).glob(below) if path.is_file())
    else:
        found = sorted(path for path in workspace.glob(pattern) if path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:5])
        raise UsageError(
            f"{len(found)} files match {pattern}, where one package must",
            where="input package",
            why=f"they are: {names}" if found else f"nothing of {workspace} matches",
            next="see that the job that builds the package ran, and its artifact was fetched",
        )
    return found[0]


def _package_context(package: Path, context: Path, folder: Path) -> Mapping[str, object]:
    """Fill `folder` with the package and `docker/`; the package's manifest."""
    unpack_tar_gz(package, folder / PACKAGE)
    if (context / DOCKER).is_dir():
        shutil.copytree(context / DOCKER, folder / DOCKER, symlinks=True)
    try:
        text = (folder / PACKAGE / "manifest.json").read_bytes()
        found = json.loads(text)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _set_times(folder: Path, time: int) -> None:
    """Give all the commit's time: a layer holds the times of its files."""
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (time, time), follow_symlinks=False)


def expected_build(options: Options, source: Source) -> str:
    """What the server must say of itself: the input, else the package's manifest."""
    told = source.manifest.get("llama-build")
    return options.expected_build or (str(told) if isinstance(told, (str, int)) else "")
