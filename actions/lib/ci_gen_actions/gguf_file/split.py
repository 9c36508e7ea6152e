"""Models in several files, as llama-gguf-split writes them: their names, and that they fit.

Names: `<prefix>-00001-of-00003.gguf` (llama.cpp, llama_split_path); llama.cpp finds the others
beside the first by them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .limits import refuse
from .reader import read
from .shape import Gguf

PARTS = 999
"""The most files of one model that are read."""

_NAME = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf")


def part_names(name: str) -> tuple[str, ...]:
    """The names of all files of the model that `name` is a file of; of one file, itself."""
    found = _NAME.fullmatch(name)
    if not found or not 1 <= int(found[2]) <= int(found[3]) <= PARTS:
        return (name,)
    count = int(found[3])
    return tuple(f"{found[1]}-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1))


def read_model(paths: Sequence[Path]) -> tuple[Gguf, ...]:
    """Read a whole model: its one file, or all files of a split one in their order.

    Raises BadModel where one is unsound or they do not belong together; OSError.
    """
    parts = tuple(read(path) for path in paths)
    if not parts[0].text("general.architecture"):
        raise refuse(paths[0], "it does not tell its architecture (general.architecture)")
    for index, part in enumerate(parts):
        _check_place(paths[index], part, index, len(parts))
    _check_tensors(paths, parts)
    return parts


def _check_place(path: Path, part: Gguf, index: int, count: int) -> None:
    told = part.number("split.count") or 1
    if told != count:
        raise refuse(
            path,
            f"it is of a model in {told} files, and {count} are here",
            "fetch all files of the model, named <name>-00001-of-00003.gguf and so on"
            if told > count
            else "",
        )
    number = part.number("split.no") or 0
    if number != index:
        raise refuse(
            path, f"it says to be part {number + 1} of {count}, and stands as part {index + 1}"
        )


def _check_tensors(paths: Sequence[Path], parts: Sequence[Gguf]) -> None:
    seen: set[str] = set()
    for path, part in zip(paths, parts, strict=True):
        names = {each.name for each in part.tensors}
        twice = seen & names
        if twice:
            raise refuse(path, f"{len(twice)} of its tensors are in an earlier part, too")
        seen |= names
    told = parts[0].number("split.tensors.count")
    if len(parts) > 1 and told is not None and told != len(seen):
        raise refuse(paths[0], f"the model has {told} tensors, and its files hold {len(seen)}")
    if not seen:
        raise refuse(paths[0], "it holds no tensor: it is a vocabulary or an empty shell, no model")
