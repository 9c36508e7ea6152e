"""The file that llama-perplexity keeps the token probabilities of a text in.

Its layout, little-endian, from llama.cpp's tools/perplexity/perplexity.cpp: `_logits_`, the
context (uint32), the size of the vocabulary and the count of chunks (int32), the tokens of all
chunks (int32 each), then for each token of a chunk's second half but the last: two floats, scale
and smallest log-probability, and for each token of the vocabulary (their count made even) the
log-probability as uint16 in steps of that scale.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import CannotDecide

MAGIC = b"_logits_"
_HEAD = struct.Struct("<8sIii")


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file's head says; `size` is how many bytes the whole file has, if it is whole."""

    context: int
    vocabulary: int
    chunks: int

    @property
    def counted(self) -> int:
        """The tokens of a chunk whose probabilities are kept."""
        return self.context - 1 - self.context // 2

    @property
    def size(self) -> int:
        """Bytes of a whole file."""
        token = 2 * (2 * ((self.vocabulary + 1) // 2) + 4)
        return _HEAD.size + self.chunks * (self.context * 4 + self.counted * token)


def read_header(path: Path, shown: str) -> Header:
    """The head of the file. Raises CannotDecide where it has none."""
    try:
        with path.open("rb") as file:
            data = file.read(_HEAD.size)
    except OSError as error:
        raise _none(shown, str(error)) from None
    if len(data) < _HEAD.size:
        raise _none(shown, f"it has {len(data)} bytes")
    magic, context, vocabulary, chunks = _HEAD.unpack(data)
    if magic != MAGIC or vocabulary <= 0 or chunks <= 0 or context < 2:
        raise _none(shown, "its head is not one of such a file")
    return Header(context=context, vocabulary=vocabulary, chunks=chunks)


def _none(shown: str, why: str) -> CannotDecide:
    return CannotDecide(
        "llama-perplexity left no file with the baseline's probabilities",
        where=shown,
        why=why,
        next="look at what it wrote, above",
    )
