"""The files that the inputs name, read."""

from __future__ import annotations

import glob
import hashlib
import os.path
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import UsageError
from ..core.files import sha256
from ..core.git import printable
from . import history, llama_bench, measurement_file
from .history import Stored
from .matching import of_measurement
from .measurement_file import Measurement
from .names import natural
from .series import Reading

SUFFIXES = (".json", ".jsonl", ".sql", ".csv")
MOST_FILES = 10_000


def files(workspace: Path, patterns: Sequence[str], given_by: str) -> list[Path]:
    """The files that paths, folders and globs name, numbers in their names in order, each once.

    Raises UsageError where a pattern names none.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        matching = sorted(_matching(workspace, pattern), key=lambda path: natural(str(path)))
        if not matching:
            raise UsageError(
                f"there is no file {pattern}",
                where=f"input {given_by}",
                next="see that the job that makes it ran, and that its artifact was fetched",
            )
        found.update(dict.fromkeys(matching))
    if len(found) > MOST_FILES:
        raise UsageError(f"{len(found)} files are too many", where=f"input {given_by}")
    return list(found)


def readings(workspace: Path, paths: Sequence[Path]) -> list[Reading]:
    """What llama-bench wrote into the files. Raises UsageError."""
    return [llama_bench.read(path, shown(workspace, path)) for path in paths]


def measurement(workspace: Path, path: Path) -> Measurement:
    """A measurement in rounds. Raises UsageError."""
    return measurement_file.load(path, shown(workspace, path))


def stored(workspace: Path, paths: Sequence[Path]) -> tuple[list[Stored], list[str]]:
    """What a history tells, and remarks on it: llama-bench's files and measurements in rounds."""
    found: list[Stored] = []
    read: list[Reading] = []
    remarks: list[str] = []
    for path in paths:
        if _is_measurement(path):
            matched = of_measurement(measurement(workspace, path))
            of_control = history.of_measurement(matched.cases)
            if not of_control:
                remarks.append(f"{shown(workspace, path)} has no control arm: it is no history")
            found += of_control
        else:
            read += readings(workspace, [path])
    return found + history.of_readings(read), remarks


def digest(paths: Sequence[Path]) -> str:
    """One digest of several files, in their order."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(bytes.fromhex(sha256(path)))
    return f"sha256:{whole.hexdigest()}"


def shown(workspace: Path, path: Path) -> str:
    """A path as people see it: relative to the checkout where it lies in it."""
    inside = workspace in path.parents
    return printable(path.relative_to(workspace).as_posix() if inside else str(path))


def _matching(workspace: Path, pattern: str) -> list[Path]:
    path = Path(os.path.normpath(workspace / pattern))
    if path.is_dir():
        return [each for each in path.iterdir() if each.suffix in SUFFIXES and each.is_file()]
    if path.is_file():
        return [path]
    found = (Path(each) for each in glob.glob(str(path), recursive=True))  # noqa: PTH207 - absolute
    return [each for each in found if each.is_file()]


def _is_measurement(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    return start.startswith(b'{"schema"') or start.replace(b" ", b"").replace(
        b"\n", b""
    ).startswith(b'{"schema"')
