"""Runs the programs of the package and makes measurements of what they write."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from .measurement import Measurement
from .options import Options
from .plan import Plan


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the arms gave. `baseline` is None where the plan has none to measure.

    Where the divergence was measured, `current.divergence` is from the baseline's
    probabilities, and `baseline.divergence` from its own: what the backend differs by from
    itself. `tools` maps the programs to what they say of their version.
    """

    current: Measurement
    baseline: Measurement | None = None
    tools: dict[str, str]


def measure(plan: Plan, options: Options, ci: Dialect) -> Measured:
    """Measure every arm of the plan. Raises CannotDecide where one gives no result."""
    raise CannotDecide(
        "no engine measures yet",
        where=f"input engine = {options.engine}",
        next="wait for the version that does",
    )
