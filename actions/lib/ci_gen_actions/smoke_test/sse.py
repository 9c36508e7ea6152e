"""Server-sent events out of the parts of a body. Pure.

The format is that of the HTML standard, "Server-sent events", section "Parsing an event stream".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\n)(?=.)", re.DOTALL)


@dataclass(frozen=True)
class Event:
    """The data of one event and the moment at which it was complete, in seconds."""

    at: float
    data: str


class NotEvents(ValueError):  # noqa: N818 - reads as the sentence it is
    """The body is no stream of events."""


def events(pieces: Iterable[tuple[float, bytes]]) -> Iterator[Event]:
    """The events of a stream. Raises NotEvents for bytes that are none, or for half an event."""
    data: list[str] = []
    at = 0.0
    for at, line in _lines(pieces):
        if not line:
            if data:
                yield Event(at, "\n".join(data))
            data = []
            continue
        name, _, value = line.partition(":")
        if name not in ("", "data", "event", "id", "retry"):
            raise NotEvents(f"a line is no field of an event: {line[:120]!r}")
        if name == "data":
            data.append(value.removeprefix(" "))
    if data:
        raise NotEvents("it ends in the middle of an event")


def _lines(pieces: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, str]]:
    rest = bytearray()
    searched, at = 0, 0.0
    for at, piece in pieces:
        rest += piece
        start = 0
        while found := _LINE_END.search(rest, searched):
            yield at, _text(bytes(rest[start : found.start()]))
            start = searched = found.end()
        # A \r at the end may be half of a \r\n.
        del rest[:start]
        searched = max(len(rest) - 1, 0)
    if rest == b"\r":
        yield at, ""
    elif rest:
        yield at, _text(bytes(rest.rstrip(b"\r")))


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise NotEvents("a line is not UTF-8") from None
