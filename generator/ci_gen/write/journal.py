"""`.ci-gen/pending.json`: what a run of generate is about to do, until it has done it.

Written before the first file changes and removed after the last, so that a later run finds
out what an interrupted one had done: a file whose digest is `new` was written, one whose
digest is `old` was not. It holds the base texts too, which are otherwise written last.

    {"ci_gen": "0.1.0", "pending": 1,
     "files": {"<path>": {"old": "<sha256>" | null, "new": "<sha256>" | null,
                          "entry": {...} | null}},
     "bases": {"<path>": "<rendered text>"}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ci_gen._version import __version__
from ci_gen.write.disk import File, read
from ci_gen.write.lock import Entry, refuse_newer
from ci_gen.write.root import PENDING

FORMAT = 1


@dataclass(frozen=True)
class Step:
    """One file of the run: its digest before and after, None where there is no file."""

    old: str | None
    new: str | None
    entry: Entry | None


@dataclass(frozen=True)
class Journal:
    """A run that has begun and has not ended."""

    files: Mapping[str, Step] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)


def dumps(journal: Journal) -> str:
    """The text of the journal."""
    files = {
        path: {
            "old": step.old,
            "new": step.new,
            "entry": step.entry.to_json() if step.entry else None,
        }
        for path, step in journal.files.items()
    }
    data = {"ci_gen": __version__, "pending": FORMAT, "files": files, "bases": dict(journal.bases)}
    return json.dumps(data, sort_keys=True, indent=1) + "\n"


def load(root: str) -> Journal | None:
    """The journal of an interrupted run, None where there is none.

    It appears by a rename, so a damaged one was not left by ci-gen and tells nothing: it
    reads as a run of no files. Raises VersionError where a newer ci-gen wrote it.
    """
    file = read(root, PENDING)
    if not file.exists:
        return None
    try:
        data = json.loads(file.text)
        refuse_newer(str(data["ci_gen"]), int(data["pending"]), PENDING)
        files = {
            str(path): Step(
                step["old"],
                step["new"],
                Entry.from_json(step["entry"]) if step["entry"] else None,
            )
            for path, step in data["files"].items()
        }
        return Journal(files, {str(path): str(text) for path, text in data["bases"].items()})
    except (ValueError, LookupError, TypeError, AttributeError):
        return Journal()


def describe(journal: Journal, files: Mapping[str, File]) -> list[str]:
    """What the interrupted run left of each file, a line for each that it was to change."""
    return [
        f"{path}: {_state(step, files[path].digest)}"
        for path, step in sorted(journal.files.items())
        if step.old != step.new
    ]


def _state(step: Step, now: str | None) -> str:
    """Which of its two states the file is in."""
    if now == step.new:
        return "new" if now else "removed"
    if now == step.old:
        return "old" if now else "not there yet"
    return "changed since"
