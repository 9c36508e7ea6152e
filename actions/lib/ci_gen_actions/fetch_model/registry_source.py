"""Models of a registry of models (`ci-gen model`), by version or pointer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ..core.oci_reference import parse_reference
from ..gguf_file.split import part_names
from .found import Found, Wanted, names
from .origin import Origin
from .sources import Registered

if TYPE_CHECKING:
    from ..core.oci_reference import Reference
    from ..model_registry.registry import Located, ModelRegistry

Blob = Callable[["Reference", str], Origin]
"""Where the blob of a digest is to be had, given a reference into its repository."""


def locate(source: Registered, registry: ModelRegistry, blob: Blob) -> Found:
    """The files of the version that the source names now. Raises UsageError, CannotDecide."""
    resolved = registry.resolve(source.name, source.wanted)
    first = f"{resolved.name}-{resolved.version}.gguf"
    called = names(part_names(resolved.files[0].name)[0], first)
    files = tuple(
        _wanted(each, name, blob) for each, name in zip(resolved.files, called, strict=True)
    )
    exact = f"registry://{resolved.name}@{resolved.version}"
    return Found(
        files=files,
        source=exact,
        version=resolved.version,
        movable=exact if resolved.pointer else "",
    )


def _wanted(located: Located, name: str, blob: Blob) -> Wanted:
    parts = urlsplit(located.url)
    if parts.scheme == "file":
        return Wanted(
            name=name, sha256=located.sha256, size=located.size, path=Path(unquote(parts.path))
        )
    reference = parse_reference(located.url.removeprefix("oci://"))
    origin = blob(reference, f"sha256:{located.sha256}")
    return Wanted(name=name, sha256=located.sha256, size=located.size, origin=origin)
