"""A folder of its own for a local run: what is committed plus what is not, never the original.

It is kept between runs, so that a second build compiles only what changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from ci_gen.errors import Undecided, UsageError

# In the workspace's .git: the files that were copied in. It also says that the folder is ours.
_CARRIED = "ci-gen-carried"
_LOCAL = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_EXTERNAL_DIFF"),
)


def default_workspace(root: Path) -> Path:
    """The workspace that belongs to a repository: in the user's cache, by the folder's name."""
    cache = os.environ.get("CI_GEN_CACHE") or os.environ.get("XDG_CACHE_HOME")
    base = Path(cache) if cache else Path.home() / ".cache"
    mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return base / "ci-gen" / "run" / f"{root.name}-{mark}"


def refresh(root: Path, workspace: Path) -> None:
    """Bring `workspace` to the state of `root`'s working tree, build folders left in place.

    Raises UsageError where `root` is no git repository with a commit or `workspace` holds
    something else, Undecided where git or the disk fails.
    """
    _refuse_root(root)
    carried = workspace / ".git" / _CARRIED
    try:
        if not carried.is_file():
            _begin(workspace, carried)
        before = _split(carried.read_bytes())
        names = _to_carry(root)
        # Written first: whatever stops the run, the next one knows of every copy.
        _remember(carried, {**dict.fromkeys(before), **names})
        for name in before:
            if name not in names:
                _remove(workspace, name)
        # Submodules' files are copied: here git has nothing of them to fetch or check out.
        apart = ("-c", "submodule.recurse=false", "-c", "fetch.recurseSubmodules=false")
        _git(workspace, *apart, "fetch", "--quiet", "--update-shallow", str(root), "HEAD")
        _git(workspace, *apart, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
        _carry_over(root, workspace, list(names))
        _remember(carried, names)
    except OSError as error:
        raise Undecided(f"cannot prepare {workspace}: {error.strerror}.") from error


def without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what a hook sets: git would work on the hook's repository."""
    return {name: value for name, value in environment.items() if name not in _LOCAL}


def _refuse_root(root: Path) -> None:
    if _git(root, "rev-parse", "--verify", "--quiet", "HEAD", check=False) == b"":
        raise UsageError(
            f"{root} is no git repository with a commit.",
            "The actions ask git what is tracked: run `git init`, `git add` and `git commit`.",
        )
    inside = os.fsdecode(_git(root, "rev-parse", "--show-prefix")).strip("\n")
    if inside:
        raise UsageError(
            f"{root} is the folder {inside} of a git repository, not the top of one.",
            "Platforms look for a pipeline at the top only: move ci-gen.yaml there.",
        )


def _begin(workspace: Path, carried: Path) -> None:
    """Make the workspace. One that is there already must be empty: files in it would be lost."""
    workspace.mkdir(parents=True, exist_ok=True)
    # A folder that was killed between `git init` and the mark holds nothing but .git.
    unborn = _git(workspace, "rev-parse", "--git-dir", check=False).strip() == b".git" and (
        _git(workspace, "rev-parse", "--verify", "--quiet", "HEAD", check=False) == b""
    )
    if any(path.name != ".git" or not unborn for path in workspace.iterdir()):
        raise UsageError(
            f"{workspace} holds files, and was not made by `ci-gen run`.",
            "Name an empty folder, or one that is not there yet.",
        )
    _git(workspace, "init", "--quiet")
    carried.touch()


def _remember(carried: Path, names: Iterable[str]) -> None:
    carried.write_bytes(b"".join(os.fsencode(name) + b"\0" for name in names))


def _to_carry(root: Path) -> dict[str, None]:
    """What differs from the commit: changed, new and deleted files, and those of submodules."""
    changed = _names(root, "ls-files", "-z", "--modified", "--others", "--exclude-standard")
    staged = _names(root, "diff", "--cached", "--name-only", "--no-renames", "-z", "HEAD")
    plain = set(_names(root, "ls-files", "-z"))
    inside = _names(root, "ls-files", "-z", "--recurse-submodules")
    return dict.fromkeys([*changed, *staged, *(name for name in inside if name not in plain)])


def _carry_over(root: Path, workspace: Path, names: list[str]) -> None:
    present = [
        name
        for name in names
        if ((root / name).is_symlink() or (root / name).is_file()) and not _beyond_link(root, name)
    ]
    # First what is gone: a folder may have taken the place of a file, and the other way round.
    for name in set(names).difference(present):
        _remove(workspace, name)
    for name in present:
        _copy(root / name, workspace / name)


def _remove(workspace: Path, name: str) -> None:
    """Remove a file and the folders that it leaves empty; a submodule's folder stays."""
    target = workspace / name
    if _beyond_link(workspace, name):
        return
    if target.is_symlink() or target.is_file():
        target.unlink()
        for folder in target.parents:
            if folder == workspace or any(folder.iterdir()):
                return
            folder.rmdir()


def _beyond_link(top: Path, name: str) -> bool:
    """Whether a link lies on the way to the file, which is then not where its name says."""
    return any((top / folder).is_symlink() for folder in PurePosixPath(name).parents[:-1])


def _copy(source: Path, target: Path) -> None:
    """Copy one file unless it is there already, so that its time stays for the build system."""
    if not source.is_symlink() and target.is_file() and not target.is_symlink():
        before, now = target.stat(), source.stat()
        same = (before.st_size, before.st_mtime_ns, before.st_mode)
        if same == (now.st_size, now.st_mtime_ns, now.st_mode):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def _names(root: Path, *arguments: str) -> list[str]:
    return _split(_git(root, *arguments))


def _split(names: bytes) -> list[str]:
    return [os.fsdecode(name) for name in names.split(b"\0") if name]


def _git(folder: Path, *arguments: str, check: bool = True) -> bytes:
    command = ["git", "-C", str(folder), *arguments]
    own = without_git(os.environ)
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=own)
    except FileNotFoundError as error:
        raise Undecided("git is not installed.", "Install git.") from error
    if check and done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Undecided(f"`git {' '.join(arguments)}` failed in {folder}: {said}")
    return done.stdout
