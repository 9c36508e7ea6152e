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
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.globs import compile_patterns
from .findings import Finding

KEYS = ("id", "package", "path", "reason", "expires")
REQUIRED = ("id", "reason", "expires")
BYTES = 1 << 20


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


class _Wrong(Exception):  # noqa: N818 - carried to the one error that names them all
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def load(path: Path, shown: str) -> tuple[Entry, ...]:
    """The entries of the file; none where there is no such file. `shown` is its name to people.

    Raises UsageError with the line of every entry that is not in order.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _refused(shown, 0, f"it cannot be read: {error.strerror}") from error
    if len(data) > BYTES:
        raise _refused(shown, 0, "it is larger than 1 MiB")
    return parse(data, shown)


def parse(data: bytes, shown: str) -> tuple[Entry, ...]:
    """The entries that the text of the file holds. Raises UsageError."""
    entries: list[Entry] = []
    wrong: list[_Wrong] = []
    try:
        nodes = list(_items(_composed(data)))
    except _Wrong as each:
        raise _refused(shown, each.line, f"line {each.line}: {each.reason}") from None
    for node in nodes:
        try:
            entries.append(_entry(node))
        except _Wrong as each:
            wrong.append(each)
    if wrong:
        reasons = "\n       ".join(f"line {each.line}: {each.reason}" for each in wrong)
        raise _refused(shown, wrong[0].line, reasons)
    return tuple(entries)


def _refused(shown: str, line: int, why: str) -> UsageError:
    return UsageError(
        "the ignore list cannot be used",
        where=shown,
        why=why,
        next="each entry needs id, reason and expires (such as 2026-12-31), and may have "
        "package and path",
        file=shown,
        line=line,
    )


def _composed(data: bytes) -> Any:
    """The node of the document, None for an empty one."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = data.decode("utf-8-sig")
        # Nodes alone: nothing is constructed, and each knows its line.
        return YAML(typ="safe", pure=True).compose(text)
    except UnicodeDecodeError:
        raise _Wrong(1, "the file is not UTF-8") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _Wrong(line, f"this is no YAML: {error.problem or error}") from None
    except (YAMLError, ValueError) as error:
        raise _Wrong(1, f"this is no YAML: {error}") from None


def _items(node: Any) -> Iterator[Any]:
    """The nodes of the entries."""
    if node is None:
        return
    pairs = _pairs(node, "the file must hold the key `ignore` with a list")
    for key, (line, value) in pairs.items():
        if key != "ignore":
            raise _Wrong(line, f"the file has no key `{key}`; its only one is `ignore`")
        if value.id == "scalar" and value.value in ("", "null", "~"):
            return
        if value.id != "sequence":
            raise _Wrong(line, "`ignore` must be a list")
        yield from value.value


def _pairs(node: Any, otherwise: str) -> dict[str, tuple[int, Any]]:
    """Key to line and value node. Raises _Wrong."""
    if node.id != "mapping":
        raise _Wrong(node.start_mark.line + 1, otherwise)
    found: dict[str, tuple[int, Any]] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.id != "scalar":
            raise _Wrong(line, "a key must be a word")
        if key.value in found:
            raise _Wrong(line, f"`{key.value}` stands here twice")
        found[key.value] = (line, value)
    return found


def _entry(node: Any) -> Entry:
    pairs = _pairs(node, "an entry must be a list of `key: value`")
    texts: dict[str, str] = {}
    for key, (line, value) in pairs.items():
        if key not in KEYS:
            raise _Wrong(line, f"an entry has no key `{key}`; it may have {', '.join(KEYS)}")
        if value.id != "scalar":
            raise _Wrong(line, f"`{key}` must be one text")
        texts[key] = value.value.strip()
        if not texts[key]:
            raise _Wrong(line, f"`{key}` is empty")
    start = int(node.start_mark.line) + 1
    missing = [key for key in REQUIRED if key not in texts]
    if missing:
        raise _Wrong(start, f"the entry lacks {', '.join(missing)}")
    expires = _date(texts.pop("expires"), pairs["expires"][0])
    return Entry(expires=expires, line=start, **texts)


def _date(text: str, line: int) -> datetime.date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise _Wrong(line, f"`expires` must be a day such as 2026-12-31, and is {text[:40]!r}")
