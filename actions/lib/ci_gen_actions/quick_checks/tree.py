"""The tracked files, as git's index lists them, and what is wrong with the links among them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.git import asked, git, paths
from .rules import Finding

LINK = "120000"
SUBMODULE = "160000"


@dataclass(frozen=True, order=True)
class Entry:
    """One entry of the index: its path, mode, and stage (not 0 amid a merge)."""

    path: str
    mode: str
    stage: int


def entries(listing: bytes) -> list[Entry]:
    """The entries of `git ls-files --stage -z`, one a path."""
    found: dict[str, Entry] = {}
    for each in paths(listing):
        facts, _, path = each.partition("\t")
        mode, _, stage = facts.split(" ")
        found[path] = Entry(path, mode, int(stage))
    return list(found.values())


def tracked(workspace: Path) -> list[Entry]:
    """The tracked files. Raises CannotDecide outside of a checkout."""
    return entries(asked(workspace, "ls-files", "--stage", "-z"))


def registered_submodules(workspace: Path) -> frozenset[str]:
    """The paths of the submodules that .gitmodules gives an address for."""
    if not (workspace / ".gitmodules").is_file():
        return frozenset()
    done = git(
        workspace, "config", "--file", ".gitmodules", "--null", "--get-regexp", r"\.(path|url)$"
    )
    values: dict[str, dict[str, str]] = {}
    for each in paths(done.stdout):
        key, _, value = each.partition("\n")
        name, _, last = key.rpartition(".")
        values.setdefault(name, {})[last] = value
    return frozenset(each["path"] for each in values.values() if each.keys() >= {"path", "url"})


def check_submodule(entry: Entry, registered: frozenset[str]) -> Iterator[Finding]:
    """A submodule that nobody can initialise, since nothing says where it comes from."""
    if entry.path not in registered:
        yield Finding(
            rule="submodule",
            file=entry.path,
            line=0,
            message="a submodule without path and url in .gitmodules: no clone can initialise it; "
            "add it there, or `git rm --cached` it if it was added by mistake",
        )


def check_link(workspace: Path, entry: Entry, submodules: Sequence[str]) -> Iterator[Finding]:
    """A symbolic link to nothing; one into a submodule is left alone where that is not here."""
    link = workspace / entry.path
    try:
        target = os.fsdecode(os.readlink(os.fsencode(link)))  # noqa: PTH115 - odd bytes
    except OSError:
        return  # not checked out as a link
    if link.exists():
        return
    inside = os.path.normpath(os.path.join(os.path.dirname(entry.path), target))  # noqa: PTH118, PTH120
    if any(inside == each or inside.startswith(f"{each}/") for each in submodules):
        return
    yield Finding(
        rule="broken-link",
        file=entry.path,
        line=0,
        message=f"a symbolic link to {target}, which does not exist",
    )
