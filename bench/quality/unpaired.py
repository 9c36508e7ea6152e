"""The decision rule that lm-evaluation-harness documents in scripts/model_comparator.py.

z = (accuracy 1 - accuracy 2) / sqrt(error 1^2 + error 2^2), the errors being those of each
accuracy alone; different where the two-sided p is at most 0.05. That the same questions were
asked twice is not used. For perplexity the same rule with the error of each mean NLL.
"""

from __future__ import annotations

import math

ALPHA = 0.05
Z = 1.959963984540054
"""The threshold of |z| at ALPHA."""


def z_of_answers(now: list[bool], before: list[bool]) -> float:
    """Above 0 where it became worse."""
    shares = [sum(each) / len(each) for each in (now, before)]
    errors = [
        share * (1 - share) / (len(each) - 1)
        for share, each in zip(shares, (now, before), strict=True)
    ]
    return _ratio(shares[1] - shares[0], sum(errors))


def z_of_texts(now: list[float], before: list[float]) -> float:
    """Likewise of the NLL of chunks."""
    means = [math.fsum(each) / len(each) for each in (now, before)]
    errors = [
        math.fsum((value - mean) ** 2 for value in each) / (len(each) - 1) / len(each)
        for mean, each in zip(means, (now, before), strict=True)
    ]
    return _ratio(means[0] - means[1], sum(errors))


def _ratio(difference: float, variance: float) -> float:
    if difference == 0:
        return 0.0
    return difference / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, difference)
