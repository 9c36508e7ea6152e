"""What an action found: its verdict, its outputs, its evidence, its summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from .errors import EXIT_UNDECIDED

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from .evidence import Findings


class Verdict(str, Enum):
    """The outcome of an action or gate, from best to worst.

    FAIL means that something bad was measured, which is more than not knowing; so it is the
    worst. Only PASS is green.
    """

    PASS = "PASS"  # noqa: S105 - a verdict
    INCONCLUSIVE = "INCONCLUSIVE"
    NO_DATA = "NO_DATA"
    ERROR = "ERROR"
    FAIL = "FAIL"

    @property
    def exit_status(self) -> int:
        """0 for PASS, 1 for FAIL, 3 where nothing could be decided."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1}.get(self, EXIT_UNDECIDED)

    @property
    def rank(self) -> int:
        """0 for the best verdict; higher is worse."""
        return list(Verdict).index(self)

    def __str__(self) -> str:
        return self.value


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of the verdicts; NO_DATA where there is none, since nothing was measured."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NO_DATA)


@dataclass(frozen=True)
class Result:
    """What `run` of an action returns.

    `outputs` is an instance of the action's `Outputs`; `evidence` says what was looked at and
    found (see `core.evidence.Findings`); `summary` is Markdown for the step summary.
    `exit_status` is set where it tells more than the verdict does, as 4 for drift.
    """

    verdict: Verdict
    outputs: DataclassInstance | None = None
    evidence: Findings = field(default_factory=dict)  # type: ignore[assignment]
    summary: str = ""
    exit_status: int | None = None

    @property
    def status(self) -> int:
        """The exit status of the action."""
        return self.verdict.exit_status if self.exit_status is None else self.exit_status
