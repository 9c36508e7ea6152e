"""The check of an unchanged repository, without parsing or rendering anything.

When the digests in the lock agree with the config, the generator and every file, then
rendering again would give what is on disk. This module answers that question alone, and
imports nothing that a bare interpreter does not load quickly; any other case, and any
doubt, is left to the full check.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from ci_gen._version import __version__
from ci_gen.write.digest import digest, digest_file
from ci_gen.write.identity import generator_digest
from ci_gen.write.root import BASE, LOCK, PENDING, find_root

# What `typing` would say; importing it would cost more than reading the lock.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def inputs_digest(lock: Mapping[str, Any]) -> str:
    """One digest over all that a rendering depends on, as the lock names it.

    Branches that changed different inputs merge line by line into a lock that nobody
    rendered from; this digest is what cannot be merged, and so gives them away.
    """
    parts = {key: lock[key] for key in ("actions", "ci_gen", "config", "facts", "generator")}
    return digest(json.dumps(parts, sort_keys=True).encode())


def clean_files(root: str) -> dict[str, bool] | None:
    """Every generated file, and whether it keeps a hand edit.

    None where the digests do not prove that each is as it should be.
    """
    try:
        with open(f"{root}/{LOCK}", "rb") as file:
            lock = json.loads(file.read())
        if not _agrees(root, lock):
            return None
        return {path: entry["disk"] != entry["rendered"] for path, entry in lock["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _agrees(root: str, lock: Mapping[str, Any]) -> bool:
    """Whether every digest of `lock` is that of what lies in `root`."""
    return (
        lock["lock"] == 1
        and lock["ci_gen"] == __version__
        and lock["inputs"] == inputs_digest(lock)
        and not os.path.lexists(f"{root}/{PENDING}")
        and all(digest_file(f"{root}/{path}") == of for path, of in lock["config"].items())
        and all(
            digest_file(f"{root}/{path}") == entry["disk"]
            and digest_file(f"{root}/{BASE}/{path}") == entry["rendered"]
            for path, entry in lock["files"].items()
        )
        and lock["generator"] == generator_digest()
    )


def clean_text(files: Mapping[str, bool]) -> str:
    """What `ci-gen check` says of these files when nothing drifted."""
    count = len(files)
    text = f"clean: {count} generated file{'' if count == 1 else 's'} as they should be\n"
    kept = sorted(path for path, edited in files.items() if edited)
    return text + "".join(f"  {path}: edited by hand, as recorded\n" for path in kept)


def announce_if_clean() -> bool:
    """Answer a bare `ci-gen check` where the digests prove that nothing drifted."""
    try:
        root = find_root(os.getcwd())
    except OSError:
        return False
    files = clean_files(root) if root else None
    if files is None:
        return False
    try:
        sys.stdout.write(clean_text(files))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UnicodeEncodeError:
        return False
    return True
