"""The list of findings that a team has looked at and accepts, each until a day it names.

```yaml
ignore:
  - id: CVE-2026-1234         # an advisory or one of its aliases, a rule, or a secret's id
    package: openssl          # optional: only in this package
    path: docker/**           # optional: only in files that match
    reason: the code that is affected is not compiled in
    expires: 2026-12-31       # the last day on which the entry holds, in UTC
```
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from ..core import entry_list
from ..core.entry_list import Form, Item
from ..core.globs import compile_patterns
from .findings import Finding

FORM = Form(
    title="the ignore list",
    key="ignore",
    keys=("id", "package", "path", "reason", "expires"),
    required=("id", "reason", "expires"),
    advice="each entry needs id, reason and expires (such as 2026-12-31), and may have "
    "package and path",
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One accepted finding. `line` is where the entry begins in the file, 1-based."""

    id: str
    reason: str
    expires: datetime.date
    package: str = ""
    path: str = ""
    line: int = 0

    def matches(self, finding: Finding) -> bool:
        """Whether it speaks of this finding."""
        if self.id.lower() not in finding.ids:
            return False
        if self.package and self.package.lower() != finding.package.lower():
            return False
        return not self.path or compile_patterns((self.path,)).match(finding.file)

    def holds(self, today: datetime.date) -> bool:
        """Whether it still counts: up to its last day, that day included."""
        return today <= self.expires


def load(path: Path, shown: str) -> tuple[Entry, ...]:
    """The entries of the file; none where there is no such file. `shown` is its name to people.

    Raises UsageError with the line of every entry that is not in order.
    """
    return entry_list.load(path, shown, FORM, _entry)


def parse(data: bytes, shown: str) -> tuple[Entry, ...]:
    """The entries that the text of the file holds. Raises UsageError."""
    return entry_list.parse(data, shown, FORM, _entry)


def _entry(item: Item) -> Entry:
    expires = entry_list.day(item, "expires")
    texts = {key: text for key, text in item.texts.items() if key != "expires"}
    return Entry(expires=expires, line=item.line, **texts)
