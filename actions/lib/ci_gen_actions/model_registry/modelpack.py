"""A version as an OCI artifact in the form of the CNCF ModelPack specification. Pure.

Source: github.com/modelpack/model-spec, docs/spec.md, config.md and annotations.md of 2026-06-08
(v0.0.7). Each file is a layer of its own, not archived and not compressed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import CannotDecide
from ..core.oci_reference import is_digest
from ..core.oci_types import MANIFEST, Manifest
from . import metadata
from .metadata import Metadata, ModelFile

ARTIFACT = "application/vnd.cncf.model.manifest.v1+json"
CONFIG = "application/vnd.cncf.model.config.v1+json"
WEIGHT = "application/vnd.cncf.model.weight.v1.raw"
WEIGHT_CONFIG = "application/vnd.cncf.model.weight.config.v1.raw"
DOC = "application/vnd.cncf.model.doc.v1.raw"
_PATH = "org.cncf.model.filepath"
# By this one plain clients, such as oras, name what they pull.
_TITLE = "org.opencontainers.image.title"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A file as the manifest names it."""

    name: str
    digest: str
    size: int


def config(told: Metadata, files: Sequence[ModelFile]) -> bytes:
    """The model's configuration, which the manifest names; `files` in the order of the layers."""
    descriptor = {
        "createdAt": told.created_at,
        "name": told.model_name,
        "version": told.version,
        "family": told.architecture,
        "title": told.title,
        "sourceURL": told.source,
        "revision": told.commit,
        "licenses": [told.license] if told.license else None,
    }
    technical = {
        "format": "gguf",
        "paramSize": _param_size(told.parameters.num_parameters),
        "quantization": told.quantization,
    }
    value = {
        "descriptor": {name: text for name, text in descriptor.items() if text},
        "config": {name: text for name, text in technical.items() if text},
        "modelfs": {"type": "layers", "diffIds": [f"sha256:{each.sha256}" for each in files]},
    }
    return _bytes(value)


def manifest(files: Sequence[ModelFile], told: Metadata, settings: ModelFile) -> bytes:
    """The manifest of a version: `files` are its layers, `settings` is the configuration."""
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": ARTIFACT,
        "config": {
            "mediaType": CONFIG,
            "digest": f"sha256:{settings.sha256}",
            "size": settings.size,
        },
        "layers": [
            {
                "mediaType": _media_type(each.name),
                "digest": f"sha256:{each.sha256}",
                "size": each.size,
                "annotations": {_PATH: each.name, _TITLE: each.name},
            }
            for each in files
        ],
        "annotations": {
            "org.opencontainers.image.created": told.created_at,
            "org.opencontainers.image.title": told.model_name,
            "org.opencontainers.image.version": told.version,
        },
    }
    return _bytes(value)


def read(found: Manifest, where: str) -> tuple[Layer, ...]:
    """The layers of a manifest, by the files' names. Raises CannotDecide for another artifact."""
    value = found.value
    listed = value.get("layers")
    if value.get("artifactType") != ARTIFACT or not isinstance(listed, list):
        raise CannotDecide(
            f"{where} is no model",
            why=f"it is a {value.get('artifactType') or found.media_type}",
            next="see what else writes into this repository",
        )
    return tuple(layer for each in listed if (layer := _layer(each)))


def _layer(value: Any) -> Layer | None:
    annotations = value.get("annotations") if isinstance(value, dict) else None
    name = annotations.get(_PATH) if isinstance(annotations, dict) else None
    digest, size = value.get("digest"), value.get("size")
    if not isinstance(name, str) or not isinstance(digest, str) or not is_digest(digest):
        return None
    return Layer(name=name, digest=digest, size=size if isinstance(size, int) else 0)


def _media_type(name: str) -> str:
    kinds: Mapping[str, str] = {metadata.NAME: WEIGHT_CONFIG, metadata.REPORT: DOC}
    return kinds.get(name, WEIGHT if name.endswith(".gguf") else DOC)


def _param_size(text: str | None) -> str | None:
    """The size in the form that the specification demands, a number and a letter."""
    return text if text and re.fullmatch(r"[0-9]+(?:\.[0-9])?[QTBMKqtbmk]", text) else None


def _bytes(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()
