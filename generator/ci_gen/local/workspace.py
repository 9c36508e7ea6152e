"""A folder of its own for a local run: what is committed plus what is not, never the original.

It is kept between runs, so that a second build compiles only what changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from ci_gen.errors import Undecided, UsageError


def default_workspace(root: Path) -> Path:
    """The workspace that belongs to a repository: in the user's cache, by the folder's name."""
    cache = os.environ.get("CI_GEN_CACHE") or os.environ.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else Path.home() / ".cache"
    mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return base / "ci-gen" / "run" / f"{root.name}-{mark}"


def refresh(root: Path, workspace: Path) -> None:
    """Bring `workspace` to the state of `root`'s working tree, build folders left in place.

    Raises UsageError where `root` is no git repository with a commit, Undecided where git
    or the disk fails.
    """
    if _git(root, "rev-parse", "--verify", "--quiet", "HEAD", check=False) == b"":
        raise UsageError(
            f"{root} is no git repository with a commit.",
            "The actions ask git what is tracked: run `git init`, `git add` and `git commit`.",
        )
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        if not (workspace / ".git").exists():
            _git(workspace, "init", "--quiet")
        _git(workspace, "fetch", "--quiet", "--update-shallow", str(root), "HEAD")
        _git(workspace, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        _carry_over(root, workspace)
    except OSError as error:
        raise Undecided(f"cannot prepare {workspace}: {error.strerror}.") from error


def _carry_over(root: Path, workspace: Path) -> None:
    """Copy what differs from the commit: changed, new and deleted files, and submodules."""
    changed = _names(root, "ls-files", "-z", "--modified", "--others", "--exclude-standard")
    inside = _names(root, "ls-files", "-z", "--recurse-submodules")
    plain = set(_names(root, "ls-files", "-z"))
    for name in [*changed, *(name for name in inside if name not in plain)]:
        source, target = root / name, workspace / name
        if source.is_symlink() or source.is_file():
            _copy(source, target)
        elif not source.exists():
            target.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """Copy one file unless it is there already, so that its time stays for the build system."""
    if not source.is_symlink() and target.is_file() and not target.is_symlink():
        before, now = target.stat(), source.stat()
        if (before.st_size, before.st_mtime_ns) == (now.st_size, now.st_mtime_ns):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _names(root: Path, *arguments: str) -> list[str]:
    return [os.fsdecode(name) for name in _git(root, *arguments).split(b"\0") if name]


def _git(folder: Path, *arguments: str, check: bool = True) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise Undecided("git is not installed.", "Install git.") from error
    if check and done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Undecided(f"git {arguments[0]} failed in {folder}: {said}")
    return done.stdout
