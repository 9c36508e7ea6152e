"""Digests that do not see which newline a checkout uses.

Git rewrites newlines on some machines (core.autocrlf), so everything is hashed as if its
lines ended in LF: a file that differs in nothing else has not changed.
"""

from __future__ import annotations

import hashlib


def digest(data: bytes) -> str:
    """SHA-256 of `data` in hexadecimal, CRLF read as LF."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    return hashlib.sha256(data).hexdigest()


def digest_text(text: str) -> str:
    """The digest that `text` has on disk."""
    return digest(text.encode("utf-8", "surrogateescape"))


def digest_file(path: str) -> str | None:
    """The digest of the file at `path`, None where there is no readable file."""
    try:
        with open(path, "rb", buffering=0) as file:
            return digest(file.read())
    except OSError:
        return None
