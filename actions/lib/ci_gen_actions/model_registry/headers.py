"""The headers of a version's model files, wherever they lie, without fetching the weights."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..gguf_file import BadModel, Gguf, read
from .registry import Located, ModelRegistry, Resolved

FIRST = 4 * 1024 * 1024
"""What is fetched at once; a vocabulary makes a header of some megabytes."""


def headers(registry: ModelRegistry, version: Resolved) -> tuple[Gguf, ...]:
    """The header of each model file. Raises BadModel, CannotDecide."""
    return tuple(_header(registry, version, each) for each in version.files)


def _header(registry: ModelRegistry, version: Resolved, file: Located) -> Gguf:
    length = FIRST
    with tempfile.TemporaryDirectory(prefix="ci-gen-header-") as folder:
        path = Path(folder) / file.name
        while True:
            length = min(length, file.size)
            with path.open("wb") as target:
                target.writelines(registry.head(version, file, length))
                # The weights are a hole: the reader compares extents and does not look at them.
                target.truncate(file.size)
            try:
                found = read(path)
            except BadModel:
                if length >= file.size:
                    raise
                needed = 0
            else:
                needed = found.data_offset
                if needed <= length:
                    return found
            length = max(needed, 4 * length)


def tensors(files: Iterable[Gguf]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The type and shape of each tensor of a model, by name."""
    from ..gguf_file.ggml_types import type_name

    return {
        each.name: (type_name(each.kind), each.shape) for file in files for each in file.tensors
    }
