"""Takes the symbols for debuggers out of binaries and keeps them in files of their own."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..core.archive import Entry
from ..core.errors import CannotDecide
from ..core.process import capture
from . import elf
from .package import STAGING, Package

_SECONDS = 600.0


def objcopy(cache: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """The tool of the compilers that CMake chose, else the one on PATH; "" for none."""
    chosen = cache.get("CMAKE_OBJCOPY", "")
    if chosen and Path(chosen).is_file():
        return chosen
    return shutil.which("objcopy", path=environ.get("PATH")) or ""


def split(package: Package, build: Path, tool: str, environ: Mapping[str, str]) -> Package:
    """The package with stripped binaries, and their symbols as members of its debug package.

    What is in the build folder stays as it is. `bin/server` gets `bin/.debug/server.debug`,
    where debuggers look for it. Raises CannotDecide where the tool refuses a file.
    """
    staging = build / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    entries, debug = [], []
    for number, entry in enumerate(package.entries):
        source = entry.source
        if source is None or source.is_symlink() or elf.read(source) is None:
            entries.append(entry)
            continue
        folder = staging / str(number)
        folder.mkdir(parents=True)
        stripped, symbols = _split(source, entry.name, folder, tool, environ)
        entries.append(replace(entry, source=stripped))
        parent, name = posixpath.split(entry.name)
        debug.append(Entry(posixpath.join(parent, ".debug", f"{name}.debug"), symbols))
    return replace(package, entries=tuple(entries), debug=tuple(debug))


def _split(
    source: Path, name: str, folder: Path, tool: str, environ: Mapping[str, str]
) -> tuple[Path, Path]:
    """The stripped file and its symbols, both in `folder`."""
    base = posixpath.basename(name)
    symbols, stripped = folder / f"{base}.debug", folder / base
    # nvcc's temporary files, whose names hold a process id, become names of source files
    forget = ("--wildcard", "--strip-symbol=tmpxft_*")
    _run([tool, "--only-keep-debug", *forget, source, symbols], folder, name, environ)
    # the link holds the name alone and a checksum, so it is the same in every build folder
    link = f"--add-gnu-debuglink={symbols.name}"
    _run([tool, "--strip-unneeded", link, source, stripped], folder, name, environ)
    stripped.chmod(source.stat().st_mode & 0o777)
    return stripped, symbols


def _run(argv: list[str | Path], folder: Path, name: str, environ: Mapping[str, str]) -> None:
    done = capture(argv, cwd=folder, env=environ, timeout=_SECONDS)
    if not done.ok:
        raise CannotDecide(
            f"{name} could not be stripped",
            where=" ".join(map(str, argv)),
            why=done.output.strip() or done.outcome,
            next="correct the objcopy on PATH, or set strip to false to ship the symbols",
        )
