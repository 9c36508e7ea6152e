"""Models in several files, as llama-gguf-split makes them: which belong together, in which order.

llama.cpp finds the others by the name of the first, `<prefix>-00001-of-00003.gguf`
(llama_split_path in include/llama.h); so a registry keeps these endings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import UsageError
from ..gguf_file import Gguf
from .metadata import MODEL

_ENDING = re.compile(r"(.*)-([0-9]{5})-of-([0-9]{5})\.gguf")


def ordered(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files of one model in their order; given the first of a split one, all that lie beside.

    Raises UsageError for files that are not there, or that are not those of one model.
    """
    for path in paths:
        if not path.is_file():
            raise UsageError(
                f"there is no file {path.name}" if not path.exists() else f"{path.name} is no file",
                where=str(path),
                next="give the path of a GGUF file, or of every file of a split model",
            )
    if not paths:
        raise UsageError("no model file is given", next="give the path of a GGUF file")
    split = _ENDING.fullmatch(paths[0].name)
    if len(paths) == 1 and split:
        return _beside(paths[0], split[1], int(split[3]))
    if len(paths) > 1 and not all(_ENDING.fullmatch(each.name) for each in paths):
        raise UsageError(
            f"{len(paths)} files are given that are not the parts of one model",
            why="the parts of a split model end in -00001-of-00003.gguf and so on",
            next="publish each model by itself",
        )
    return tuple(sorted(paths, key=lambda each: each.name))


def check(paths: Sequence[Path], files: Sequence[Gguf]) -> None:
    """See that they are one whole model. Raises UsageError."""
    count = max(files[0].number("split.count") or 1, 1)
    if count != len(files):
        raise UsageError(
            f"{paths[0].name} is one of {count} files of a model, and {len(files)} are given",
            where=str(paths[0].parent),
            next="give them all",
        )
    for place, (path, file) in enumerate(zip(paths, files, strict=True)):
        own = (file.number("split.no") or 0, max(file.number("split.count") or 1, 1))
        if own != (place, count):
            raise UsageError(
                f"{path.name} is not file {place + 1} of {count} of the model",
                where=str(path),
                why=f"its own header says file {own[0] + 1} of {own[1]}",
                next="give the files as llama-gguf-split made them",
            )
    tensors = files[0].number("split.tensors.count")
    found = sum(len(each.tensors) for each in files)
    if count > 1 and tensors is not None and tensors != found:
        raise UsageError(
            f"the files of {paths[0].name} hold {found} tensors, and the model has {tensors}",
            where=str(paths[0].parent),
            next="give the files of one and the same split",
        )


def names_of(count: int) -> tuple[str, ...]:
    """The names of a model's files in the registry."""
    if count == 1:
        return (MODEL,)
    stem = MODEL.removesuffix(".gguf")
    return tuple(f"{stem}-{place:05}-of-{count:05}.gguf" for place in range(1, count + 1))


def _beside(first: Path, prefix: str, count: int) -> tuple[Path, ...]:
    found = [first.with_name(f"{prefix}-{place:05}-of-{count:05}.gguf") for place in _to(count)]
    missing = [each.name for each in found if not each.is_file()]
    if missing:
        raise UsageError(
            f"{first.name} is one of {count} files, and {len(missing)} of them are missing",
            where=str(first.parent),
            why=f"there is no {', '.join(missing[:3])}",
            next="put all files of the model into one folder",
        )
    return tuple(found)


def _to(count: int) -> range:
    return range(1, count + 1)
