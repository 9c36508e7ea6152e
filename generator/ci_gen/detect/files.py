"""Which files a repository has: those that git tracks, or, with no git, those that lie there.

Git's index is asked, never its object store, so a shallow or partial clone will do. What
cannot be named in a pipeline (names that are not UTF-8, or that hold control characters)
is left out and noted. Symbolic links are left out as well: whatever they point at is
either tracked itself or not part of the repository.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ci_gen.detect.git import run_git

_UNUSABLE = re.compile("[\x00-\x1f\x7f\udc80-\udcff]")
_OWN_FOLDER = ".ci-gen/"
_SYMLINK = "120000"
_GITLINK = "160000"
_SKIPPED_FOLDERS = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", "venv", ".venv", "env", ".env", "virtualenv",
        "build", "_build", "dist", "out", "target", ".ci-gen-build", "_deps", "__pycache__",
        ".tox", ".nox", ".eggs", ".cache", ".mypy_cache", ".ruff_cache", ".pytest_cache",
        ".hypothesis", "CMakeFiles", "site-packages", ".idea", ".vs",
    }
)  # fmt: skip
_BUILD_MARKS = frozenset({"CMakeCache.txt", "pyvenv.cfg"})


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a repository, sorted, relative to its root, with forward slashes.

    `submodules` are the folders that belong to other repositories; nothing below them is
    in `files`. `tracked` says whether git's index was the source.
    """

    files: tuple[str, ...]
    submodules: tuple[str, ...]
    tracked: bool
    notes: tuple[str, ...]


def list_files(root: Path) -> Listing:
    """List the files of the repository at `root`; raises NotADirectoryError if it is no folder."""
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder")
    done = run_git(root, "ls-files", "-z", "-s")
    if done.text:
        return _from_index(done.text)
    walked = _walk(root)
    if done.ok:
        note = "git tracks no file here yet: the folder itself was read; run `git add` to settle it"
    elif (root / ".git").exists():
        note = f"git could not be asked ({done.error}): the folder itself was read"
    else:
        return walked
    return Listing(
        files=walked.files,
        submodules=walked.submodules,
        tracked=False,
        notes=(note, *walked.notes),
    )


def _from_index(text: str) -> Listing:
    """Read the output of `git ls-files -z -s`: "mode object stage<TAB>path<NUL>" each."""
    files: set[str] = set()
    submodules: set[str] = set()
    for entry in text.split("\0"):
        facts, tab, path = entry.partition("\t")
        if not tab:
            continue
        if facts.startswith(_GITLINK):
            submodules.add(path)
        elif not facts.startswith(_SYMLINK):
            files.add(path)
    return _listing(files, submodules, tracked=True, notes=[])


def _listing(files: set[str], submodules: set[str], *, tracked: bool, notes: list[str]) -> Listing:
    unusable = [path for path in (*files, *submodules) if _UNUSABLE.search(path)]
    if unusable:
        files = files.difference(unusable)
        submodules = submodules.difference(unusable)
        shown = ascii(min(unusable))
        notes.append(
            f"{len(unusable)} file names are not plain UTF-8 text and were left out, e.g. {shown}"
        )
    own = {path for path in files if path.startswith(_OWN_FOLDER)}
    return Listing(
        files=tuple(sorted(files - own)),
        submodules=tuple(sorted(submodules)),
        tracked=tracked,
        notes=tuple(notes),
    )


def _walk(root: Path) -> Listing:
    files: set[str] = set()
    nested: set[str] = set()
    notes: list[str] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(root / folder if folder else root))
        except OSError as error:
            notes.append(f"{folder or '.'}: not read: {error.strerror}")
            continue
        names = {entry.name for entry in entries}
        if folder and names & _BUILD_MARKS:
            continue
        if folder and ".git" in names:
            nested.add(folder)
            continue
        prefix = f"{folder}/" if folder else ""
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED_FOLDERS and not entry.name.startswith("cmake-build-"):
                    waiting.append(prefix + entry.name)
            elif entry.is_file(follow_symlinks=False):
                files.add(prefix + entry.name)
    declared = _declared_submodules(root) | nested
    below = tuple(f"{path}/" for path in declared)
    if below:
        files = {path for path in files if not path.startswith(below)}
    return _listing(files, declared, tracked=False, notes=sorted(notes))


def _declared_submodules(root: Path) -> set[str]:
    """The folders that .gitmodules names, for a source archive that git does not manage."""
    try:
        text = (root / ".gitmodules").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    paths = {match.strip().strip("/") for match in re.findall(r"(?m)^\s*path\s*=\s*(.+)$", text)}
    return {path for path in paths if path and ".." not in path.split("/")}
