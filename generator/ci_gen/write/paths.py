"""Which paths ci-gen may write to: inside the repository, and nowhere through a back door."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ci_gen.errors import UsageError
from ci_gen.write.root import BACKUP, BASE, CONFLICTS, LOCK, PENDING, TEMPORARY

OWN = (LOCK, PENDING, BASE, CONFLICTS, BACKUP)
"""What ci-gen keeps for itself; nothing generated may be named so."""


def refuse_strays(paths: Iterable[str]) -> None:
    """Raise UsageError, naming all of them, unless every path is plain and relative.

    Refused are paths that are absolute, climb with "..", carry a drive or a backslash, lie
    in `.git` or among ci-gen's own records, and two that differ in letter case alone, which
    are one file on some machines.
    """
    wrong: list[str] = []
    seen: dict[str, str] = {}
    for path in sorted(paths):
        reason = _stray(path)
        other = seen.setdefault(path.casefold(), path)
        if reason is None and other != path:
            reason = f"differs from {other} in letter case alone"
        if reason is not None:
            wrong.append(f"{path!r}: {reason}")
    if wrong:
        raise UsageError(
            "cannot write where the config says:\n  " + "\n  ".join(wrong),
            "Give each a path inside the repository in ci-gen.yaml under `files:`.",
        )


def _stray(path: str) -> str | None:
    """Why nothing may be written to `path`, None where it may."""
    parts = path.split("/")
    if not path or path.startswith("/") or "\\" in path or ":" in parts[0]:
        return "is not a path relative to the repository, with forward slashes"
    if any(part in ("", ".", "..") for part in parts):
        return "leaves the repository, or is not in its plainest form"
    if any(part.casefold() == ".git" for part in parts):
        return "lies in git's own folder"
    if any(ord(letter) < 32 for letter in path):
        return "holds a control character"
    folded = path.casefold()
    if any(folded == own or folded.startswith(f"{own}/") for own in OWN):
        return "is where ci-gen keeps its own records"
    if parts[-1].startswith(TEMPORARY):
        return "is how unfinished files are named"
    return None


def real_path(root: str, path: str) -> tuple[str, str | None]:
    """Where `path` really lies, links followed, and why it may not be written to, if so."""
    real_root = os.path.realpath(root)
    target = f"{real_root}/{path}"
    real = os.path.realpath(target)
    if not _inside(real_root, real):
        return target, "leads out of the repository through a symbolic link"
    if _inside(os.path.join(real_root, ".git"), real):
        return target, "leads into git's own folder through a symbolic link"
    blocker = _file_above(real_root, real)
    if blocker is not None:
        return real, f"cannot be made, because {blocker} is a file"
    if os.path.isdir(real):
        return real, "is a folder"
    if os.path.lexists(real) and not os.path.isfile(real):
        return real, "is not a regular file"
    return real, None


def _inside(folder: str, path: str) -> bool:
    """Whether `path` is `folder` or lies below it; both are real paths."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _file_above(real_root: str, real: str) -> str | None:
    """The part of `real` that should be a folder and is not one, relative to the root."""
    above = os.path.dirname(real)
    while _inside(real_root, above) and above != real_root:
        if os.path.lexists(above) and not os.path.isdir(above):
            return os.path.relpath(above, real_root).replace(os.sep, "/")
        above = os.path.dirname(above)
    return None
