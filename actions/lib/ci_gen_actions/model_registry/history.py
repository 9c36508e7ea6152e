"""history.jsonl: every move of a pointer, so that one can be taken back. Pure.

A move is written down before the pointer moves. So one whose writer was killed in between stands
in the file and never happened; `happened` tells these apart by what came after.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

NAME = "history.jsonl"
PROMOTE, ROLLBACK = "promote", "rollback"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One move: `pointer` named `before` ("" for nothing) and names `version` from then on.

    `evidence` are the digests of the evidence files that allowed it; `reason` is what a person
    said. `digest` is that of the manifest in an OCI registry, "" in a folder; by `id` a writer
    whose answer was lost knows its own move again.
    """

    pointer: str
    kind: str
    version: str
    before: str
    at: str
    by: str = ""
    commit: str = ""
    reason: str = ""
    evidence: tuple[str, ...] = ()
    digest: str = ""
    id: str = ""


def line(move: Move) -> str:
    """The line that records a move."""
    return json.dumps(asdict(move), ensure_ascii=False, separators=(",", ":")) + "\n"


def parse(data: bytes) -> tuple[Move, ...]:
    """All moves in their order; a line that is none is passed over."""
    found = []
    for text in data.split(b"\n"):
        try:
            value: Any = json.loads(text) if text else None
        except (ValueError, RecursionError):
            continue
        move = _move(value)
        if move:
            found.append(move)
    return tuple(found)


def happened(moves: Sequence[Move], pointer: str, now: str) -> tuple[Move, ...]:
    """The moves of a pointer that took place, given what it names now ("" for nothing)."""
    own = [each for each in moves if each.pointer == pointer]
    after = [*(each.before for each in own), now][1:]
    return tuple(each for each, then in zip(own, after, strict=True) if each.version == then)


def previous(moves: Sequence[Move], pointer: str, now: str) -> str:
    """What a rollback leads to: what was named before the last promotion that still holds.

    A rollback takes back one promotion, a second one the promotion before it. "" where there is
    nothing to go back to.
    """
    stack: list[str] = []
    for move in happened(moves, pointer, now):
        if move.kind == ROLLBACK and stack:
            stack.pop()
        elif move.kind == PROMOTE and move.before:
            stack.append(move.before)
    return stack[-1] if stack else ""


def _move(value: Any) -> Move | None:
    if not isinstance(value, dict):
        return None
    texts = ("pointer", "kind", "version", "before", "at", "by", "commit", "reason", "digest", "id")
    if not all(isinstance(value.get(each, ""), str) for each in texts):
        return None
    evidence = value.get("evidence", [])
    if not isinstance(evidence, list) or not all(isinstance(each, str) for each in evidence):
        return None
    if not value.get("pointer") or not value.get("version"):
        return None
    return Move(evidence=tuple(evidence), **{each: value.get(each, "") for each in texts})
