"""The programs and libraries of a package: unpacked, found, and told apart from others."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..core.archive import unpack_tar_gz
from ..core.errors import CannotDecide
from ..core.files import sha256

PERPLEXITY = "llama-perplexity"
SERVER = "llama-server"
LIBRARY = "libllama.so"
MANIFEST = "manifest.json"
_MANIFEST_BYTES = 16 << 20

_NOT_OURS = ("LLAMA_ARG_", "LLAMA_API_KEY", "LLAMA_LOG_", "HF_TOKEN", "GGML_BACKEND_PATH")
"""Variables by which a caller's environment would change what the programs do."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """An unpacked package of the action `build`.

    `digest` is `sha256:...` of the archive; `manifest` what `build` wrote, empty where the
    archive has none.
    """

    folder: Path
    digest: str
    shown: str
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def build(self) -> str:
        """What the build says of itself, such as `b6500-abcdef1`; "" where it does not."""
        return str(self.manifest.get("llama-build") or self.manifest.get("commit") or "")[:200]

    def program(self, name: str) -> Path:
        """Where a program lies. Raises CannotDecide for one that the package lacks."""
        return self._found(f"bin/{name}", f"add {name} to the targets of the build")

    def library(self) -> Path:
        """Where `libllama` lies. Raises CannotDecide where the package lacks it."""
        hint = "build llama.cpp with shared libraries (BUILD_SHARED_LIBS, its default on Linux)"
        return self._found(f"lib/{LIBRARY}", hint)

    def _found(self, name: str, hint: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise CannotDecide(
                f"the package has no {name}",
                where=self.shown,
                why="quality is measured with what the package itself holds",
                next=hint,
            )
        return path


@contextmanager
def unpacked(archive: Path, shown: str, scratch: Path) -> Iterator[Package]:
    """The package in a folder below `scratch` that is gone when the block is left.

    Raises CannotDecide (ArchiveError) for a damaged archive or one that would leave the folder,
    OSError where the disk refuses.
    """
    with TemporaryDirectory(prefix="package-", dir=scratch) as temporary:
        folder = Path(temporary) / "package"
        unpack_tar_gz(archive, folder)
        yield Package(
            folder=folder,
            digest=f"sha256:{sha256(archive)}",
            shown=shown,
            manifest=_manifest(folder / MANIFEST, shown),
        )


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program of llama.cpp: the caller's without what would steer it."""
    return {name: text for name, text in environ.items() if not name.startswith(_NOT_OURS)}


def threads(wanted: int) -> int:
    """How many threads compute: as many as this process may use cores, where 0 is wanted."""
    return wanted or len(os.sched_getaffinity(0))


def _manifest(path: Path, shown: str) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MANIFEST_BYTES))
    except (ValueError, RecursionError) as error:
        raise CannotDecide(
            "the package's manifest is no JSON", where=f"{shown}: {MANIFEST}", why=str(error)
        ) from None
    return found if isinstance(found, dict) else {}
