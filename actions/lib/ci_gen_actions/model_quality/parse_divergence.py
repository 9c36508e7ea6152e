"""The KL divergence that `llama-perplexity --kl-divergence` printed.

The summary at the end counts; the rows before it are means so far, with five decimals, of which
each chunk's own mean follows but for k / 100,000 in chunk k. A standard error may be `-nan` where
both builds agree to the last bit, which is no failure; a mean never may.
"""

from __future__ import annotations

import re

from .measurement import Divergence
from .parse_perplexity import own_means
from .streams import NUMBER, Streams, announced, failed, finite, refuse_complaints

WHAT = "KL divergence"
_ANNOUNCED = re.compile(r"computing over (\d+) chunks, n_ctx=(\d+), batch_size=\d+, n_seq=\d+\n")
_CELL = rf" +{NUMBER} ± +{NUMBER}"
_ROW = re.compile(
    rf"^ *\d+{_CELL}{_CELL} +({NUMBER}) ± +{NUMBER}{_CELL} %{_CELL} %\n", re.MULTILINE
)
_LEAST = 100
"""With fewer tokens the program prints no summary."""


def divergence(
    out: bytes,
    err: bytes,
    *,
    name: str,
    digest: str,
    base_model: str,
    base_package: str = "",
) -> Divergence:
    """What one run measured on the text `name`. Raises CannotDecide where it did not finish."""
    streams = Streams.of(out, err)
    refuse_complaints(streams, WHAT)
    found = announced(_ANNOUNCED, streams, WHAT)
    count, context = int(found[1]), int(found[2])
    tokens = count * (context - 1 - context // 2)
    rows = [finite(each, streams, WHAT) for each in _ROW.findall(streams.out)]
    if len(rows) != count or count < 1:
        raise failed(streams, WHAT, f"it announced {count} chunks and printed {len(rows)}")
    if tokens < _LEAST:
        why = f"it had {tokens} tokens and summarises no fewer than {_LEAST}"
        raise failed(streams, WHAT, why)
    mean, mean_se = _pair(streams, r"Mean    KLD: +", "\n")
    ratio, ratio_se = _pair(streams, r"Mean ln\(PPL\(Q\)/PPL\(base\)\) +: +", "\n")
    rms, _ = _pair(streams, r"RMS Δp    : +", " %\n")
    # last, and printed last: with it the summary is whole
    same, _ = _pair(streams, r"Same top p: +", " %\n")
    return Divergence(
        name=name,
        digest=digest,
        context=context,
        base_package=base_package,
        base_model=base_model,
        tokens=tokens,
        mean=_certain(mean, streams),
        se=_number(mean_se),
        median=_certain(_one(streams, "Median  KLD: +"), streams),
        p99=_certain(_one(streams, "99.0%   KLD: +"), streams),
        p999=_certain(_one(streams, "99.9%   KLD: +"), streams),
        maximum=_certain(_one(streams, "Maximum KLD: +"), streams),
        same_top=_certain(same, streams) / 100,
        rms_dp=_share(rms),
        ln_ppl_ratio=_certain(ratio, streams),
        ln_ppl_ratio_se=_number(ratio_se),
        chunks=tuple(own_means(rows)),
    )


def _pair(streams: Streams, start: str, end: str) -> tuple[str, str]:
    found = re.search(rf"^{start}({NUMBER}) ± +({NUMBER}){end}", streams.out, re.MULTILINE)
    if not found:
        raise failed(streams, WHAT, "its summary is not whole")
    return found[1], found[2]


def _one(streams: Streams, start: str) -> str:
    found = re.search(rf"^{start}({NUMBER})\n", streams.out, re.MULTILINE)
    if not found:
        raise failed(streams, WHAT, "its summary is not whole")
    return found[1]


def _certain(text: str, streams: Streams) -> float:
    return finite(text, streams, WHAT)


def _number(text: str) -> float | None:
    """A standard error; None where the program could not compute it."""
    return None if "n" in text else float(text)


def _share(percent: str) -> float | None:
    value = _number(percent)
    return None if value is None else value / 100
