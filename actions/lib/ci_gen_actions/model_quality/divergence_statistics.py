"""Statistics of the KL divergence over tokens, as llama-perplexity defines them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..core.errors import CannotDecide
from .measurement import Divergence

Columns = Mapping[str, Sequence[float]]


def divergence(
    chunks: Sequence[Columns],
    *,
    name: str,
    digest: str,
    context: int,
    base_model: str,
    base_package: str,
) -> Divergence:
    """The statistics of tokens, given chunk by chunk in columns.

    `kld`, `nll` and `base_nll` are in nats, `dp` is the change of the right token's probability,
    `same` 1 where the likeliest token is the same. Raises CannotDecide where there are none.
    """
    every = {
        column: [value for chunk in chunks for value in chunk[column]]
        for column in ("kld", "nll", "base_nll", "dp", "same")
    }
    kld = sorted(every["kld"])
    if len(kld) < 2:
        raise CannotDecide("the divergence was measured on no tokens", where=name)
    change = [one - other for one, other in zip(every["nll"], every["base_nll"], strict=True)]
    return Divergence(
        name=name,
        digest=digest,
        context=context,
        base_package=base_package,
        base_model=base_model,
        tokens=len(kld),
        mean=mean(kld),
        se=standard_error(kld),
        median=percentile(kld, 0.5),
        p99=percentile(kld, 0.99),
        p999=percentile(kld, 0.999),
        maximum=kld[-1],
        same_top=mean(every["same"]),
        rms_dp=math.sqrt(mean([each * each for each in every["dp"]])),
        ln_ppl_ratio=mean(change),
        ln_ppl_ratio_se=standard_error(change),
        chunks=tuple(mean(chunk["kld"]) for chunk in chunks),
    )


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return math.fsum(values) / len(values)


def standard_error(values: Sequence[float]) -> float:
    """The standard error of the mean."""
    middle = mean(values)
    spread = math.fsum((each - middle) ** 2 for each in values) / len(values)
    return math.sqrt(spread / (len(values) - 1))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the ordered values lie, interpolated."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
