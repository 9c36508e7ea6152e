"""Models in OCI registries: the layers of a manifest that are files of a model.

Layers name their files by the annotation of ModelPack (org.cncf.model.filepath) or that of ORAS
(org.opencontainers.image.title); Docker's and Ollama's models have a layer of a type of their own
and no name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import CannotDecide, UsageError
from ..core.oci import Registry
from ..core.oci_reference import Reference, is_digest
from ..core.oci_types import Manifest
from ..gguf_file.split import part_names
from .found import Found, Wanted
from .http_client import HttpClient
from .http_origin import HttpOrigin
from .sources import Artifact

_NAMES = ("org.cncf.model.filepath", "org.opencontainers.image.title")
_UNNAMED = ("application/vnd.docker.ai.gguf.v3", "application/vnd.ollama.image.model")
_FRESH_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer that may be a model's file; `name` is "" where the manifest does not tell."""

    name: str
    media_type: str
    digest: str
    size: int | None


def locate(source: Artifact, registry: Registry, client: HttpClient) -> Found:
    """The files that the artifact holds. Raises UsageError, CannotDecide."""
    reference = source.reference
    manifest = registry.manifest(reference.repository, reference.pointer)
    if manifest is None:
        raise UsageError(
            f"there is no {reference}",
            where="input source",
            next="see that repository, tag and digest are right",
        )
    exact = f"oci://{reference.name}@{manifest.digest}"
    layers = chosen(layers_of(manifest, exact), source.file, exact)
    files = tuple(
        Wanted(
            name=each.name.rpartition("/")[2] or f"{reference.repository.rpartition('/')[2]}.gguf",
            sha256=each.digest.removeprefix("sha256:"),
            size=each.size,
            origin=blob(registry, reference, each.digest, client),
        )
        for each in layers
    )
    shown = f"{exact}#{source.file}" if source.file else exact
    return Found(files=files, source=shown, movable="" if reference.digest else shown)


def blob(registry: Registry, reference: Reference, digest: str, client: HttpClient) -> HttpOrigin:
    """Where a blob of a repository is to be had."""
    url = registry.blob_address(reference.repository, digest)
    return HttpOrigin(client, url, _Authorization(registry, reference.repository))


class _Authorization:
    """The registry's token for a repository; renewed when it was refused, once for all threads."""

    def __init__(self, registry: Registry, repository: str) -> None:
        self._registry = registry
        self._repository = repository
        self._mutex = threading.Lock()
        self._since = 0.0
        self._found: str | None = None

    def __call__(self, again: bool) -> str:
        with self._mutex:
            stale = again and time.monotonic() - self._since > _FRESH_SECONDS
            if self._found is None or stale:
                self._found = self._registry.authorization(self._repository)
                self._since = time.monotonic()
            return self._found


def layers_of(manifest: Manifest, shown: str) -> tuple[Layer, ...]:
    """All layers of a manifest. Raises CannotDecide where it has none, as an index."""
    listed = manifest.value.get("layers")
    if not isinstance(listed, list) or not listed:
        raise CannotDecide(
            "this is no model", where=shown, why=f"it is a {manifest.media_type} without layers"
        )
    return tuple(layer for each in listed if (layer := _layer(each)))


def _layer(value: Any) -> Layer | None:
    if not isinstance(value, Mapping):
        return None
    annotations = value.get("annotations")
    told = annotations if isinstance(annotations, Mapping) else {}
    names = [told[each] for each in _NAMES if isinstance(told.get(each), str)]
    digest, size, kind = value.get("digest"), value.get("size"), value.get("mediaType")
    if not (isinstance(digest, str) and is_digest(digest) and digest.startswith("sha256:")):
        return None
    return Layer(
        name=names[0] if names else "",
        media_type=kind if isinstance(kind, str) else "",
        digest=digest,
        size=size if isinstance(size, int) else None,
    )


def chosen(layers: Sequence[Layer], file: str, shown: str) -> tuple[Layer, ...]:
    """The layers of the model, in the order in which they are loaded. Raises UsageError."""
    if file:
        return tuple(_named(layers, each, shown) for each in _beside(file))
    models = [each for each in layers if each.name.endswith(".gguf") or each.media_type in _UNNAMED]
    if len(models) == 1:
        return tuple(models)
    names = sorted(each.name for each in models)
    if names and list(part_names(names[0])) == names:
        return tuple(sorted(models, key=lambda each: each.name))
    if not models:
        raise UsageError(
            "the artifact holds no GGUF file",
            where=shown,
            why=f"its files are {', '.join(each.name or each.media_type for each in layers[:10])}",
        )
    raise UsageError(
        f"the artifact holds {len(models)} models",
        where=shown,
        why=f"they are {', '.join(names[:10])}",
        next=f"name one: {shown}#{names[0]}",
    )


def _beside(file: str) -> tuple[str, ...]:
    folder, slash, name = file.rpartition("/")
    return tuple(f"{folder}{slash}{each}" for each in part_names(name))


def _named(layers: Sequence[Layer], name: str, shown: str) -> Layer:
    for each in layers:
        if each.name == name:
            return each
    raise UsageError(
        f"the artifact holds no {name}",
        where=shown,
        why=f"its files are {', '.join(each.name for each in layers[:10] if each.name)}",
    )
