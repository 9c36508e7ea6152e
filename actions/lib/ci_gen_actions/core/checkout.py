"""What is checked out: the commit, its time, whether tracked files differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import CannotDecide
from .git import git, paths


@dataclass(frozen=True)
class Head:
    """The commit that is checked out: `commit` "" and `dirty` None without git.

    `dirty` speaks of tracked files (of submodules too): what a build leaves behind is none of
    them. `time` is the committer's, seconds since 1970, or 0.
    """

    commit: str = ""
    dirty: bool | None = None
    time: int = 0

    @property
    def digest(self) -> str:
        """The commit as evidence: a changed tree is no commit, and must not pass for one."""
        return self.commit + ("" if self.dirty is False or not self.commit else "-dirty")


def head(folder: Path, workspace: Path) -> Head:
    """What is checked out in `folder`; an empty Head without git or where it tracks nothing there.

    A folder that a repository around it ignores is not described by the commit of that one.
    """
    if not _asked(folder, workspace, "ls-files", "-z", "--", "."):
        return Head()
    shown = _asked(folder, workspace, "log", "-1", "--no-show-signature", "--format=%H %ct")
    commit, _, time = (shown or b"").decode("ascii", "replace").strip().partition(" ")
    if not time.isdigit():
        return Head()
    changed = _asked(folder, workspace, "status", "--porcelain", "--untracked-files=no")
    return Head(commit, None if changed is None else bool(changed), int(time))


def tracked(folder: Path, workspace: Path) -> list[str]:
    """The tracked files below `folder`, relative to it, submodules' too; none without git."""
    words = ("ls-files", "-z", "--recurse-submodules", "--", ".")
    return paths(_asked(folder, workspace, *words) or b"")


def epoch(environ: Mapping[str, str], found: Head) -> int:
    """The time that everything built is stamped with: SOURCE_DATE_EPOCH, or the commit's."""
    given = environ.get("SOURCE_DATE_EPOCH", "")
    return int(given) if given.isdigit() else found.time


def _asked(folder: Path, workspace: Path, *words: str) -> bytes | None:
    # the folder may be a submodule, which git trusts no more than the checkout around it
    trust = ("-c", f"safe.directory={folder}", "-C", str(folder))
    try:
        done = git(workspace, *trust, *words)
    except CannotDecide:
        return None
    return done.stdout if done.ok else None
