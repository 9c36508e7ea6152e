"""From options and facts to the exact commands. Pure."""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from pathlib import Path

from .options import Options

BUILD = "1.6.1"
"""The version of `build`, the reference builder, for projects that are not uv's."""

_METADATA = (
    "import importlib.metadata as m, sys\n"
    "d = m.distribution(sys.argv[1])\n"
    "print(d.version) if d.files else sys.exit('it installed no file')\n"
)


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Absolute paths. `tools` and `trial` are environments, `fresh` is where builders write."""

    workspace: Path
    source: Path
    output: Path
    fresh: Path
    tools: Path
    trial: Path


def folders(options: Options, workspace: Path) -> Folders:
    """Where everything lies."""
    output = Path(os.path.normpath(workspace / options.output_folder))
    scratch = workspace / ".ci-gen-build"
    return Folders(
        workspace=workspace,
        source=Path(os.path.normpath(workspace / options.source)),
        output=output,
        fresh=scratch / f"wheel-{options.service}",
        tools=scratch / f"venv-{options.service}-wheel",
        trial=scratch / f"venv-{options.service}-trial",
    )


def package_name(options: Options) -> str:
    """The name of the manifest and of a source archive, without suffix."""
    return options.package_name or f"{options.service}-python"


def build(folders: Folders, python: str, uv: str) -> tuple[tuple[str, ...], ...]:
    """The commands that make the source distribution, and from it the wheel.

    `uv` is its path where it is to build, "" where `build` does.
    """
    if uv:
        out = ("--out-dir", str(folders.fresh), "--no-create-gitignore")
        return ((uv, "build", "--python", python, *out, str(folders.source)),)
    tool = str(folders.tools / "bin" / "python")
    quiet = ("--disable-pip-version-check", "--no-input")
    return (
        (python, "-m", "venv", str(folders.tools)),
        (tool, "-m", "pip", "install", *quiet, f"build=={BUILD}"),
        (tool, "-m", "build", "--outdir", str(folders.fresh), str(folders.source)),
    )


def trial(folders: Folders, python: str, uv: str, wheel: Path) -> tuple[tuple[str, ...], ...]:
    """The commands that install the wheel alone into a fresh environment and read it back."""
    there = str(folders.trial / "bin" / "python")
    name = wheel.name.partition("-")[0]
    check = (there, "-I", "-c", _METADATA, name)
    if uv:
        return (
            (uv, "venv", "--python", python, str(folders.trial)),
            (uv, "pip", "install", "--python", there, "--no-deps", str(wheel)),
            check,
        )
    quiet = ("--disable-pip-version-check", "--no-input", "--no-index")
    return (
        (python, "-m", "venv", str(folders.trial)),
        (there, "-m", "pip", "install", *quiet, "--no-deps", str(wheel)),
        check,
    )
