"""The digest that names a model, the same wherever it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def model_digest(files: Sequence[str]) -> str:
    """The SHA-256 that names a model, in hex, given those of its files in the order of loading.

    That of its one file; of a split model that of its files' digests, a line each. Names do not
    count, since they differ between where a split model comes from and where it goes.
    """
    if len(files) == 1:
        return files[0]
    return hashlib.sha256("".join(f"{each}\n" for each in files).encode()).hexdigest()
