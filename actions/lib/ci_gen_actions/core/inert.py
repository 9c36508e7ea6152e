"""Markdown out of values that nobody vouches for, such as file names: inert whatever they hold."""

from __future__ import annotations

from collections.abc import Sequence

_MARKUP = "\\`*_{}[]()<>#!|~&@"


def code(text: str) -> str:
    """`text` as a code span; also fit for the cell of a table."""
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    if not shown:
        return ""
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def plain(text: str) -> str:
    """`text` as running words: one line, no markup, no HTML, nobody mentioned."""
    shown = "".join(each if each.isprintable() else " " for each in " ".join(text.split()))
    return "".join(f"\\{each}" if each in _MARKUP else each for each in shown)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; its cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def listed(items: Sequence[str], limit: int = 50) -> str:
    """Items as a list of code spans; of more than `limit`, the rest as a count."""
    lines = [f"- {code(item)}" for item in items[:limit]]
    if len(items) > limit:
        lines.append(f"- and {len(items) - limit} more")
    return "".join(f"{line}\n" for line in lines)
