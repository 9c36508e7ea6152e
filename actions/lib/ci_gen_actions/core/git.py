"""The checkout, asked through git: no prompt, no pager, no locale, no lock on the index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .errors import CannotDecide
from .process import Completed, capture

SECONDS = 120.0


def git(folder: Path, *words: str, timeout: float = SECONDS) -> Completed:
    """Run `git <words>` in `folder`, whatever its exit status.

    Raises CannotDecide where git is missing.
    """
    return capture(
        # In a container job the checkout belongs to another user, which git refuses by default.
        # A file system monitor would be a program that the checkout's configuration names.
        [
            *("git", "-c", f"safe.directory={folder.resolve()}", "-c", "core.fsmonitor=false"),
            *("--no-pager", *words),
        ],
        cwd=folder,
        env=_environment(os.environ),
        timeout=timeout,
    )


def asked(folder: Path, *words: str) -> bytes:
    """What `git <words>` says. Raises CannotDecide where it fails."""
    done = git(folder, *words)
    if not done.ok:
        raise CannotDecide(
            f"git {words[0]} {done.outcome}",
            where=str(folder),
            why=last_line(done),
            next="run this in a checkout of the repository (actions/checkout)",
        )
    return done.stdout


def last_line(done: Completed) -> str:
    """The last thing that git said about why it failed."""
    lines = [line for line in done.output.splitlines() if line.strip()]
    return lines[-1] if lines else done.outcome


def paths(listing: bytes) -> list[str]:
    """The paths of a listing made with -z; bytes that are no UTF-8 are kept as surrogates."""
    return [os.fsdecode(each) for each in listing.split(b"\0") if each]


def printable(path: str) -> str:
    """A path as text that can be written as UTF-8."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    # GIT_DIR and its like, left over from a hook, would make git look at another repository.
    kept = {
        name: text
        for name, text in environ.items()
        if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF")
    }
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
