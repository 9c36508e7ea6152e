"""How much a header may ask for, and the error for one that asks for more.

The largest headers in use have a vocabulary of 262,144 tokens with half a million merges, about
20 MiB. The limits leave room above that, and keep reading under 64 MiB and a few seconds
whatever a file declares.
"""

from __future__ import annotations

from pathlib import Path

from ..core.errors import CannotDecide

KEYS = 16_384
TENSORS = 32_768
KEY_BYTES = 65_535
"""The specification's limit (ggml, docs/gguf.md)."""
NAME_BYTES = 63
"""llama.cpp keeps names in 64 bytes with a final zero (GGML_MAX_NAME)."""
DIMENSIONS = 4
"""GGML_MAX_DIMS."""
TEXT_BYTES = 64 * 1024 * 1024
"""Of one text; some files carry a whole tokenizer.json."""
KEPT_TEXT_BYTES = 1024 * 1024
"""A longer text is passed over; only its length is kept."""
ALL_KEPT_BYTES = 6 * 1024 * 1024
"""Of all keys, names, texts and heads of arrays together."""
ITEMS = 16 * 1024 * 1024
"""Of one array of numbers."""
ALL_STRINGS = 4 * 1024 * 1024
"""Of all arrays of texts together: each one is walked over."""
KEPT_ITEMS = 64
"""How many items at the head of an array are kept."""
HEADER_BYTES = 512 * 1024 * 1024


class BadModel(CannotDecide):
    """The file is no model that llama.cpp should open."""


def refuse(path: Path, why: str, next: str = "") -> BadModel:
    """The error for the file `path`, its untrusted name shown as text."""
    return BadModel(
        "the file is no sound GGUF model",
        where=ascii(str(path))[1:-1],
        why=why,
        next=next or "fetch it again, or from where it was made; do not let llama.cpp open it",
    )


def shown(text: str) -> str:
    """A text out of the file, for a message: short, and without control characters."""
    cut = text if len(text) <= 80 else f"{text[:77]}..."
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)
