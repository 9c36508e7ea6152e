"""The list of regressions that a team has looked at and accepts, each until a day it names.

```yaml
accept:
  - benchmark: pp512*         # the name as the summary shows it; * and ? are wildcards
    up_to: 8                  # percent slower, at most
    reason: the new kernel is exact, and the old one was not
    expires: 2026-12-31       # the last day on which the entry holds, in UTC
```
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from pathlib import Path

from ..core import entry_list
from ..core.entry_list import Form, Item, Wrong
from .names import matches

FORM = Form(
    title="the list of accepted regressions",
    key="accept",
    keys=("benchmark", "up_to", "reason", "expires"),
    required=("benchmark", "up_to", "reason", "expires"),
    advice="each entry needs benchmark, up_to (percent), reason and expires (such as 2026-12-31)",
)
MOST = 1000.0
"""Percent that an entry can accept."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One accepted regression: up to `change` (a logarithm), to the day `expires` inclusively.

    `line` is where the entry begins in the file, 1-based.
    """

    benchmark: str
    change: float
    reason: str
    expires: datetime.date
    line: int = 0

    def covers(self, name: str, change: float) -> bool:
        """Whether it speaks of a benchmark that became slower by so much."""
        return matches(name, self.benchmark) and change <= self.change

    def holds(self, today: datetime.date) -> bool:
        """Whether it still counts: up to its last day, that day included."""
        return today <= self.expires


def load(path: Path, shown: str) -> tuple[Accepted, ...]:
    """The entries of the file; none where there is no such file. Raises UsageError."""
    return entry_list.load(path, shown, FORM, _entry)


def parse(data: bytes, shown: str) -> tuple[Accepted, ...]:
    """The entries that the text of the file holds. Raises UsageError."""
    return entry_list.parse(data, shown, FORM, _entry)


def _entry(item: Item) -> Accepted:
    text = item.texts["up_to"].removesuffix("%").strip()
    try:
        percent = float(text)
    except ValueError:
        percent = math.nan
    if not 0 < percent <= MOST:
        raise Wrong(item.lines["up_to"], f"`up_to` must be percent, and is {text[:40]!r}")
    return Accepted(
        benchmark=item.texts["benchmark"],
        change=math.log1p(percent / 100),
        reason=item.texts["reason"],
        expires=entry_list.day(item, "expires"),
        line=item.line,
    )
