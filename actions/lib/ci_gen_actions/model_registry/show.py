"""A version as people read it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from . import history
from .history import Move
from .metadata import Metadata
from .operations import tagged, total
from .registry import Resolved

_MOVES = 10


def text(found: Resolved, pointers: Mapping[str, str], moves: Sequence[Move]) -> str:
    """Everything known of a version, with what names it and how that came about."""
    told = found.metadata
    lines = [f"{found.name} {found.version}"]
    lines += _aligned(_facts(found, tagged(pointers, found.version)))
    lines += ["", "files"]
    lines += [f"  {each.sha256}  {total([each.size]):>10}  {each.name}" for each in told.files]
    if told.evidence:
        lines += ["", "evidence"]
        lines += [f"  {each.verdict:<12} {each.stage} ({each.action})" for each in told.evidence]
    lines += _history(pointers, moves, found.version)
    return "\n".join(lines)


def _facts(found: Resolved, names: Sequence[str]) -> Iterable[tuple[str, str]]:
    told = found.metadata
    yield "named by", ", ".join(names) or "no pointer"
    yield "model", told.checksum
    yield "at", found.reference
    yield "published", f"{told.created_at}{f' by {told.created_by}' if told.created_by else ''}"
    yield from _optional(told)
    size = told.parameters
    yield (
        "parameters",
        _joined(
            (size.num_parameters, ""), (size.context_length, "context"), (size.vocab_size, "tokens")
        ),
    )
    speed = told.performance
    yield (
        "measured",
        _joined(
            (speed.perplexity, "perplexity"),
            (speed.tokens_per_second, "tokens/s"),
            (speed.memory_gb, "GB"),
        ),
    )
    for kind in ("quality", "performance", "security"):
        passed = getattr(told.tests_passed, kind)
        yield kind, "not measured" if passed is None else ("passed" if passed else "FAILED")


def _optional(told: Metadata) -> Iterable[tuple[str, str]]:
    for name in ("architecture", "quantization", "title", "base_model", "license", "source"):
        value = getattr(told, name)
        if value:
            yield name.replace("_", " "), value
    if told.chat_template:
        yield "chat template", told.chat_template
    if told.commit:
        yield "commit", told.commit


def _joined(*parts: tuple[object, str]) -> str:
    shown = [f"{value} {unit}".strip() for value, unit in parts if value is not None]
    return ", ".join(shown) or "not measured"


def _history(pointers: Mapping[str, str], moves: Sequence[Move], version: str) -> list[str]:
    own = [
        move
        for pointer, target in pointers.items()
        for move in history.happened(moves, pointer, target)
        if version in (move.version, move.before)
    ]
    if not own:
        return []
    lines = ["", "moves"]
    for each in sorted(own, key=lambda move: move.at)[-_MOVES:]:
        who = f" by {each.by}" if each.by else ""
        why = f": {each.reason}" if each.reason else ""
        way = f"{each.pointer} {each.before or 'nothing'} -> {each.version}"
        lines.append(f"  {each.at}  {each.kind:<8} {way}{who}{why}")
    return lines


def _aligned(pairs: Iterable[tuple[str, str]]) -> list[str]:
    kept = list(pairs)
    width = max(len(name) for name, _ in kept)
    return [f"  {name.ljust(width)}  {value}" for name, value in kept]
