"""The lists that signing and attesting read: what was released, and its SBOM.

`subjects.sha256` has lines as sha256sum writes them, `subjects.tsv` image, record and SBOM
between tabs, the SBOM empty where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..core.errors import UsageError
from ..core.files import sha256, write_atomically
from .publish import Published

CHECKSUMS, TABLE = "subjects.sha256", "subjects.tsv"


def write(folder: Path, released: Iterable[tuple[Published, str]]) -> None:
    """Write both lists; `released` are publications, each with the path of its SBOM."""
    sums, rows = [], []
    for each, sbom in released:
        sums.append(f"{each.image.digest.partition(':')[2]}  {each.image.name}\n")
        rows.append(f"{each.image}\t{each.record}\t{sbom}\n")
    write_atomically(folder / CHECKSUMS, "".join(sums))
    write_atomically(folder / TABLE, "".join(rows))


def clear(folder: Path) -> None:
    """Remove what an earlier run listed: nothing may be signed that this one did not release."""
    for name in (CHECKSUMS, TABLE):
        (folder / name).unlink(missing_ok=True)


def sboms(workspace: Path, pattern: str) -> Mapping[str, str]:
    """The files that the glob matches, by digest, relative to the workspace.

    Raises UsageError for what is no relative glob, and OSError.
    """
    try:
        found = sorted(each for each in workspace.glob(pattern) if each.is_file())
    except (NotImplementedError, ValueError) as error:
        raise UsageError(
            f"{pattern!r} is no glob of files below the checkout",
            where="input sboms",
            why=str(error),
            next="write it relative to the checkout, such as dist/*.spdx.json",
        ) from None
    return {f"sha256:{sha256(each)}": each.relative_to(workspace).as_posix() for each in found}
