"""What comparing one evaluation set found."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ..core.result import Verdict, worst


class Kind(str, Enum):
    """What was measured on an evaluation set."""

    PERPLEXITY = "perplexity"
    DIVERGENCE = "divergence"
    ANSWERS = "answers"

    def __str__(self) -> str:
        return self.value


class State(str, Enum):
    """What became of an evaluation set. docs/quality.md explains each."""

    PASS = "PASS"  # noqa: S105 - a state
    IMPROVEMENT = "IMPROVEMENT"
    NEW = "NEW"
    REMOVED = "REMOVED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ENV_MISMATCH = "ENV-MISMATCH"
    REGRESSION = "REGRESSION"

    @property
    def verdict(self) -> Verdict:
        """The gate's verdict that this state leads to."""
        undecided = (State.INCONCLUSIVE, State.ENV_MISMATCH)
        if self is State.REGRESSION:
            return Verdict.FAIL
        return Verdict.INCONCLUSIVE if self in undecided else Verdict.PASS

    @property
    def compared(self) -> bool:
        """Whether a comparison was made."""
        return self not in (State.NEW, State.REMOVED, State.ENV_MISMATCH)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One evaluation set. Positive changes are for the worse.

    `value` and `base` are the perplexity, the mean KL divergence in nats and what the backend
    differs by from itself, or the share of right answers. `change` is ln(PPL / PPL of the
    baseline), the divergence beyond what is the backend's own, or the drop of the share; `low`
    and `high` are the bounds of its 99 % confidence, each by itself. `tolerance` is in the same
    unit. `detectable` is the smallest change that these data show with a chance of 95 %. `size`
    counts chunks or questions.
    """

    kind: Kind
    name: str
    state: State
    why: str
    value: float | None = None
    base: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    tolerance: float | None = None
    detectable: float | None = None
    size: int = 0
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All findings. `alpha` is the share of false alarms over all of them, `share` that of one.

    `reasons` say why nothing could be compared at all.
    """

    findings: tuple[Finding, ...]
    alpha: float
    share: float
    reasons: tuple[str, ...] = ()
    required: bool = False
    baseline: bool = field(default=True)

    @property
    def verdict(self) -> Verdict:
        """The worst of all; NO_DATA where a baseline is required and nothing was compared."""
        found = worst(each.state.verdict for each in self.findings)
        compared = any(each.state.compared for each in self.findings)
        if self.baseline and not compared:
            found = worst((found, Verdict.INCONCLUSIVE))
        if self.required and not compared:
            found = worst((found, Verdict.NO_DATA))
        return found
