"""Where the repository is, and the names of what ci-gen keeps in it.

Imported by the fast path: nothing here may cost more than a few system calls.
"""

from __future__ import annotations

import os

CONFIG = "ci-gen.yaml"
STATE = ".ci-gen"
LOCK = ".ci-gen/lock.json"
PENDING = ".ci-gen/pending.json"
BASE = ".ci-gen/base"
CONFLICTS = ".ci-gen/conflicts"
BACKUP = ".ci-gen/backup"
TEMPORARY = ".ci-gen-tmp-"
"""What the names of unfinished files begin with."""


def find_root(start: str) -> str | None:
    """The folder of ci-gen.yaml: `start` or the nearest above it, within one repository.

    The search ends at the folder that holds `.git`, so that a repository nested in another
    one is never taken for it. None where there is no config.
    """
    folder = os.path.abspath(start)
    while True:
        if os.path.lexists(f"{folder}/{CONFIG}"):
            return folder
        above = os.path.dirname(folder)
        if above == folder or os.path.lexists(f"{folder}/.git"):
            return None
        folder = above
