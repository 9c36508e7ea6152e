"""An arm made from its files: the package unpacked, the model looked at and told by its digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..core.dialect import Dialect
from ..core.files import sha256
from ..gguf_file import facts
from ..gguf_file.digest import model_digest
from ..gguf_file.split import part_names, read_model
from . import capacity
from .arm import Arm
from .plan import Side
from .programs import unpacked


@contextmanager
def prepared(side: Side, context: int, shown: str, scratch: Path, ci: Dialect) -> Iterator[Arm]:
    """The arm, whose package lies below `scratch` until the block is left.

    Raises CannotDecide (BadModel) for a model that llama.cpp should not open, that lacks a part
    or is too large for this machine; what `unpacked` raises.
    """
    parts = [side.model.with_name(name) for name in part_names(side.model.name)]
    told = facts(*read_model(parts))
    capacity.check(sum(part.stat().st_size for part in parts), capacity.here(), side.model.name)
    if told.context_length and context > told.context_length:
        ci.warning(
            f"{side.model.name} was trained on {told.context_length} tokens, and the context is "
            f"{context}: what lies beyond is not what the model is made for"
        )
    with unpacked(side.package, side.package.name, scratch) as package:
        yield Arm(
            side=side,
            package=package,
            model_digest=digest_of_files(parts),
            model_name=told.name or side.model.name,
            vocabulary=told.vocabulary,
            shown=shown,
        )


def digest_of_files(paths: Sequence[Path]) -> str:
    """`sha256:...` that names the model of these files."""
    return f"sha256:{model_digest([sha256(path) for path in paths])}"
