"""BuildKit's progress, as the engine's API sends it: protocol buffers, read as far as we need.

The messages are StatusResponse, Vertex, VertexLog of BuildKit's api/services/control/control.proto;
only these fields are read, whose numbers have been the same since its first release.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

_VERTEXES, _LOGS = 1, 3
_DIGEST, _NAME, _CACHED, _COMPLETED, _ERROR = 1, 3, 4, 6, 7
_LOG_VERTEX, _LOG_TEXT = 1, 4


@dataclass(kw_only=True)
class Steps:
    """The steps of a build, as lines for the log and as counts."""

    _numbers: dict[str, int] = field(default_factory=dict)
    _shown: set[tuple[str, str]] = field(default_factory=set)
    cached: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)

    def lines(self, aux: str) -> Iterator[str]:
        """The lines of one message. What cannot be read is passed over: it is but progress."""
        try:
            message = base64.b64decode(aux, validate=True)
            for number, value in fields(message):
                if number == _VERTEXES and isinstance(value, bytes):
                    yield from self._vertex(dict(fields(value)))
                elif number == _LOGS and isinstance(value, bytes):
                    yield from self._log(dict(fields(value)))
        except (binascii.Error, ValueError, IndexError):
            return

    def _vertex(self, vertex: dict[int, int | bytes]) -> Iterator[str]:
        digest, name = _text(vertex.get(_DIGEST)), _text(vertex.get(_NAME))
        head = f"#{self._number(digest)}"
        if is_step(name):
            self.counted.add(digest)
        if self._first(digest, "name"):
            yield f"{head} {name}"
        if vertex.get(_CACHED) and self._first(digest, "cached"):
            self.cached.add(digest)
            yield f"{head} CACHED"
        elif vertex.get(_ERROR) and self._first(digest, "end"):
            yield f"{head} ERROR: {_text(vertex.get(_ERROR))}"
        elif _COMPLETED in vertex and digest not in self.cached and self._first(digest, "end"):
            yield f"{head} DONE"

    def _log(self, log: dict[int, int | bytes]) -> Iterator[str]:
        head = f"#{self._number(_text(log.get(_LOG_VERTEX)))}"
        for line in _text(log.get(_LOG_TEXT)).splitlines():
            yield f"{head} {line}"

    def _number(self, digest: str) -> int:
        return self._numbers.setdefault(digest, len(self._numbers) + 1)

    def _first(self, digest: str, what: str) -> bool:
        key = (digest, what)
        new = key not in self._shown
        self._shown.add(key)
        return new


def is_step(name: str) -> bool:
    """Whether a vertex is an instruction of the Dockerfile that makes a layer: `[2/3] RUN ...`."""
    head, closed, rest = name.partition("] ")
    return bool(closed) and head.startswith("[") and "/" in head and not rest.startswith("FROM ")


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: number and value. Raises ValueError, IndexError."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7


def _text(value: int | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
