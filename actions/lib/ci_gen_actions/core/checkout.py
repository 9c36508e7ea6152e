"""What git knows of a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ActionError
from .process import capture

_SECONDS = 120.0


@dataclass(frozen=True)
class Head:
    """The commit that is checked out: `commit` "" and `dirty` None without git.

    `dirty` speaks of tracked files (of submodules too): what a build leaves behind is none of
    them. `time` is the committer's, seconds since 1970, or 0.
    """

    commit: str = ""
    dirty: bool | None = None
    time: int = 0


def head(folder: Path, environ: Mapping[str, str]) -> Head:
    """What is checked out in `folder`; without git, or outside of a repository, an empty Head."""
    shown = _git(folder, environ, "log", "-1", "--no-show-signature", "--format=%H %ct")
    commit, _, time = (shown or "").partition(" ")
    if not time.isdigit():
        return Head()
    changed = _git(folder, environ, "status", "--porcelain", "--untracked-files=no")
    return Head(commit, None if changed is None else bool(changed), int(time))


def tracked(folder: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The tracked files below `folder`, relative to it; empty without git."""
    listed = _git(folder, environ, "ls-files", "-z", "--recurse-submodules", "--", ".")
    return tuple(name for name in (listed or "").split("\0") if name)


def epoch(environ: Mapping[str, str], found: Head) -> int:
    """The time that everything built is stamped with: SOURCE_DATE_EPOCH, or the commit's."""
    given = environ.get("SOURCE_DATE_EPOCH", "")
    return int(given) if given.isdigit() else found.time


def _git(folder: Path, environ: Mapping[str, str], *arguments: str) -> str | None:
    # in a container job the checkout belongs to another user; nothing is run from it here
    trusted = ("git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(folder))
    try:
        done = capture([*trusted, *arguments], env=environ, timeout=_SECONDS)
    except ActionError:
        return None
    return done.stdout.decode("utf-8", "surrogateescape").strip("\n") if done.ok else None
