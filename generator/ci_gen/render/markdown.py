"""Text that means nothing but itself in Markdown."""

from __future__ import annotations

import re

from ci_gen.render.spoken import printable

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$])")


def prose(text: str) -> str:
    """`text` on one line with every character of Markdown and HTML made harmless."""
    return _SPECIAL.sub(r"\\\1", printable(text).replace("&", "&amp;"))


def code(text: str) -> str:
    """`text` as a code span, whatever backticks it holds; fit for a table, too."""
    flat = printable(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {flat} {fence}" if longest else f"{fence}{flat}{fence}"
