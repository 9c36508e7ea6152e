"""Which versions `gc` may remove. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.evidence import started_text
from . import history
from .history import Move
from .ledger import Row

DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What stays besides what a pointer names, or would name after a rollback.

    The newest `keep` versions by time of publication, and all that are younger than `days`.
    """

    keep: int = 5
    days: float = 30.0


def removable(
    rows: Sequence[Row],
    pointers: Mapping[str, str],
    moves: Sequence[Move],
    policy: Policy,
    now: float,
) -> tuple[Row, ...]:
    """The versions that nothing names and that the policy does not keep; `now` in seconds."""
    named = set(pointers.values())
    named |= {history.previous(moves, each, target) for each, target in pointers.items()}
    newest = sorted(rows, key=lambda each: each.created_at, reverse=True)[: policy.keep]
    kept = named | {each.version for each in newest}
    since = started_text(now - policy.days * DAY)
    return tuple(each for each in rows if each.version not in kept and each.created_at < since)
