"""The perplexity that `llama-perplexity` printed, chunk by chunk.

With `--ppl-output-type 1` each chunk has a row `position ppl nll se`, else it is an item
`[number]ppl,`. Both are means over all chunks so far, so a chunk's own NLL is
k * nll[k] - (k - 1) * nll[k - 1]: every chunk counts n_ctx - 1 - n_ctx / 2 tokens. A row has six
decimals, an item's perplexity four; the mean of all chunks keeps the error of the last alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from .measurement import Chunk, Perplexity
from .streams import NUMBER, Streams, announced, failed, finite, refuse_complaints

WHAT = "perplexity"
_ANNOUNCED = re.compile(
    r"calculating perplexity over (\d+) chunks, n_ctx=(\d+), batch_size=\d+, n_seq=\d+\n"
)
_FINAL = re.compile(rf"Final estimate: PPL = ({NUMBER}) \+/- ({NUMBER})\n")
_ROW = re.compile(rf"^ *\d+  +({NUMBER})  +({NUMBER})  +{NUMBER}\n", re.MULTILINE)
_ITEM = re.compile(rf"\[(\d+)\]({NUMBER}),")
_ROUNDED = 0.00011
"""How far two numbers may be apart that were printed with four decimals of the same value."""


def perplexity(out: bytes, err: bytes, *, name: str, digest: str) -> Perplexity:
    """What one run measured on the text `name`. Raises CannotDecide where it did not finish."""
    streams = Streams.of(out, err)
    refuse_complaints(streams, WHAT)
    found = announced(_ANNOUNCED, streams, WHAT)
    count, context = int(found[1]), int(found[2])
    final = _FINAL.search(streams.err, found.end())
    if not final:
        raise failed(streams, WHAT, "the line with the final estimate is missing")
    ppl = finite(final[1], streams, WHAT)
    finite(final[2], streams, WHAT)
    means = _means(streams)
    if len(means) != count or count < 1:
        raise failed(streams, WHAT, f"it announced {count} chunks and printed {len(means)}")
    if abs(_exp(means[-1]) - ppl) > _ROUNDED + 1e-5 * ppl:
        raise failed(streams, WHAT, f"its last chunk and its final estimate ({ppl}) disagree")
    tokens = context - 1 - context // 2
    if tokens < 1:
        raise failed(streams, WHAT, f"a context of {context} tokens leaves none to measure")
    chunks = tuple(Chunk(nll=nll, tokens=tokens) for nll in own_means(means))
    return Perplexity(name=name, digest=digest, context=context, chunks=chunks)


def _means(streams: Streams) -> list[float]:
    """The mean NLL of the first chunk, of the first two, and so on."""
    rows = _ROW.findall(streams.out)
    if rows:
        for ppl, _ in rows:
            finite(ppl, streams, WHAT)
        return [finite(nll, streams, WHAT) for _, nll in rows]
    line = next((each for each in streams.out.split("\n")[:-1] if _ITEM.search(each)), "")
    items = _ITEM.findall(line)
    if [int(number) for number, _ in items] != list(range(1, len(items) + 1)):
        raise failed(streams, WHAT, "the chunks that it printed are not numbered in order")
    values = [finite(ppl, streams, WHAT) for _, ppl in items]
    if any(ppl <= 0 for ppl in values):
        raise failed(streams, WHAT, "it printed a perplexity that is not above 0")
    return [math.log(ppl) for ppl in values]


def own_means(means: Sequence[float]) -> list[float]:
    """The mean of each chunk alone, from the means of the first, of the first two, and so on."""
    before = [0.0, *means[:-1]]
    return [
        number * mean - (number - 1) * earlier
        for number, (mean, earlier) in enumerate(zip(means, before, strict=True), 1)
    ]


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
