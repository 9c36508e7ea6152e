"""What a GGUF file holds, as `reader.read` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Array:
    """An array among the metadata: the type and number of its items, and the first 64 of them."""

    kind: str
    count: int
    head: tuple[str | int | float | bool, ...]


@dataclass(frozen=True)
class LongText:
    """A text of more than 1 MiB, of which only the length in bytes is kept."""

    length: int


Value = str | int | float | bool | Array | LongText


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor. `offset` counts from the file's data section; `size` is its bytes.

    `kind` is the number of a ggml type; `size` is None where this reader does not know the type.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    size: int | None

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        product = 1
        for each in self.shape:
            product *= each
        return product


@dataclass(frozen=True, kw_only=True)
class Gguf:
    """One file's header. `size` is the whole file's, `data_offset` where the tensors begin.

    `unknown_types` are the numbers of ggml types that this reader does not know: such tensors
    are known to begin inside the file, but not where they end.
    """

    version: int
    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    alignment: int
    data_offset: int
    size: int
    unknown_types: tuple[int, ...] = ()

    def text(self, key: str) -> str:
        """The text at `key`, "" where there is none of at most 1 MiB."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """The whole number at `key`, None where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None
