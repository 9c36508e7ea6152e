"""Writing a value into YAML so that it reads back as exactly that value, and as nothing more."""

from __future__ import annotations

import json
import re

# Plain scalars that no YAML version reads as anything but a string.
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./(),-]+)*")
_WORDS = frozenset(
    ["true", "false", "yes", "no", "on", "off", "y", "n", "null", ".", "..", ".nan", ".inf"]
)
_LITERAL = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")


def quoted(text: str) -> str:
    """A double-quoted scalar. JSON's escapes are a subset of YAML's."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def scalar(text: str) -> str:
    """The text as a plain scalar where no reader can misunderstand it, else double-quoted."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return quoted(text)


def block(text: str, indent: int) -> str:
    """The text as a scalar after `key:`; several lines become a literal block.

    `indent` is the number of spaces before the lines of such a block.
    """
    lines = text.split("\n")
    literal = len(lines) > 1 and _LITERAL.fullmatch(text) and "\t" not in text
    if not literal or any(not line or line[0] == " " or line[-1] == " " for line in lines):
        return scalar(text)
    return "|-\n" + "\n".join(" " * indent + line for line in lines)


def flow(items: tuple[str, ...] | list[str]) -> str:
    """A flow sequence of scalars."""
    return "[" + ", ".join(scalar(item) for item in items) + "]"


def comment(text: str, indent: int = 0, width: int = 96) -> str:
    """The text as comment lines, wrapped; nothing in it can end the comment."""
    words = " ".join(text.split()).split(" ")
    lines: list[str] = []
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > width - indent - 2:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return "\n".join(" " * indent + "# " + line for line in lines)
