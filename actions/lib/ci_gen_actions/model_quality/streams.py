"""What `llama-perplexity` wrote, and why that is no result.

The program ends with exit status 0 whether it measured or not. Results are on standard output,
messages on standard error, each with a prefix `M.SS.mmm.uuu I` (E for errors) that need not
begin a line: what came before it did not end with one (tools/perplexity/perplexity.cpp and
common/log.cpp of llama.cpp).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ..core.errors import CannotDecide

PROGRAM = "llama-perplexity"
NUMBER = r"-?(?:\d+\.\d+|nan|inf)"
"""A number as C prints it with decimals, also one that is none."""

_PREFIX = re.compile(r"\d+\.\d\d\.\d{3}\.\d{3} [A-Z] ")
_ERROR = re.compile(r"\d+\.\d\d\.\d{3}\.\d{3} E ([^\n]*)")
_TOLD = re.compile(
    r"failed to|you need at least|tokenizes to only|does not fit in the context|"
    r"Unexpected negative|inconsistent vocabulary|unable to load|no tasks|not a multiple of|"
    r"does not look like|malformed tasks|has been computed with"
)
_SHORT = re.compile(r"you need at least (\d+) tokens")
_SHOWN = 300


@dataclass(frozen=True)
class Streams:
    """The two streams of one run as text; bytes that are no UTF-8 are replaced."""

    out: str
    err: str

    @classmethod
    def of(cls, out: bytes, err: bytes) -> Streams:
        """Both streams decoded."""
        return cls(out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def complaints(streams: Streams) -> tuple[str, ...]:
    """What the program says went wrong, once each; also what it told as mere information."""
    found = [text.strip() for text in _ERROR.findall(streams.err)]
    lines = (line for line in streams.err.split("\n") if _TOLD.search(line))
    found += [_PREFIX.split(line)[-1].strip() for line in lines]
    return tuple(dict.fromkeys(each[:_SHOWN] for each in found if each))


def refuse_complaints(streams: Streams, what: str) -> None:
    """Raise CannotDecide where the program complained of anything."""
    if complaints(streams):
        raise failed(streams, what, "it reports an error")


def failed(streams: Streams, what: str, why: str) -> CannotDecide:
    """The error for a run that gave no `what`; `why` where the program itself gives no reason."""
    told = complaints(streams)
    short = next((found for each in told if (found := _SHORT.search(each))), None)
    following = "look at the program's output above"
    if short:
        following = (
            f"give a text of at least {short[1]} tokens (about {4 * int(short[1])} letters of "
            "English), or a smaller context"
        )
    return CannotDecide(
        f"{PROGRAM} gave no {what}",
        where=PROGRAM,
        why="; ".join(told) or why,
        next=following,
    )


def finite(text: str, streams: Streams, what: str) -> float:
    """The number that `text` is. Raises CannotDecide for nan and inf."""
    value = float(text)
    if not math.isfinite(value):
        raise failed(streams, what, f"it printed {text} where a number belongs")
    return value


def announced(pattern: re.Pattern[str], streams: Streams, what: str) -> re.Match[str]:
    """The message on standard error that says how much will be measured."""
    found = pattern.search(streams.err)
    if not found:
        raise failed(streams, what, "it did not say that it began to measure")
    return found
