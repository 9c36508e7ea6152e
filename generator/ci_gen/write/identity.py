"""Which generator this is: a digest over everything that decides what is rendered.

Two installations with the same digest render the same texts from the same config and
facts, whatever their version numbers say; a changed template changes the digest even
where the version stayed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from ci_gen.write.digest import digest_file

ROOMS = ("config", "pipeline", "render")
"""The folders of the package that take part in rendering."""

BESIDE = (("templates", "templates"), ("_actions", "actions"))
"""Folders that lie in an installed package under the first name, and two above the package
in a source checkout under the second. The actions count because pipelines pin them."""

FILES = ("project.py", "pins.json", "detect/model.py")
"""Single files of the package that do so."""


def package_folder() -> str:
    """The folder that the package `ci_gen` lies in."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def generator_digest(package: str | None = None) -> str:
    """The digest of the plan and render code, the pins, templates and actions of `package`."""
    package = package or package_folder()
    total = hashlib.sha256()
    for name, path in _sources(package):
        total.update(f"{name}\0{digest_file(path)}\n".encode())
    return total.hexdigest()


def _sources(package: str) -> Iterator[tuple[str, str]]:
    """Every file that takes part, as its name within the package and its path, sorted."""
    for room in ROOMS:
        yield from _files(f"{package}/{room}", room)
    for installed, checkout in BESIDE:
        folder = f"{package}/{installed}"
        yield from _files(
            folder if os.path.isdir(folder) else f"{package}/../../{checkout}", checkout
        )
    for name in FILES:
        yield name, f"{package}/{name}"


def _files(folder: str, name: str) -> Iterator[tuple[str, str]]:
    """The files below `folder`, without what Python and editors leave there."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith((".", "__pycache__")) or entry.name.endswith((".pyc", "~")):
            continue
        inner = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _files(entry.path, inner)
        else:
            yield inner, entry.path
