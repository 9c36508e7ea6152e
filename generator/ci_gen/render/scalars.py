"""Writing a value into YAML so that it reads back as exactly that value, and as nothing more."""

from __future__ import annotations

import re

# Plain scalars that no YAML version reads as anything but a string.
_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.(?![0-9_]))[A-Za-z0-9_./-]*(?: [A-Za-z0-9_./(),-]+)*")
_WORDS = frozenset(
    ["true", "false", "yes", "no", "on", "off", "y", "n", "null", ".", "..", ".nan", ".inf"]
)
# What no reader shows as it is: controls, separators, spaces that look like others, marks that
# change the direction of a text. The set is fixed, since Python's grows from version to version.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    "\ud800-\udfff\ufeff\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_ESCAPED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """A double-quoted scalar."""
    return '"' + visible(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def visible(text: str) -> str:
    """The text on one line, every character in it that no reader shows as its escape."""
    return _UNSEEN.sub(lambda match: _ESCAPED.get(match[0]) or _escape(ord(match[0])), text)


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


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
    if len(lines) == 1 or any(
        not line or line[0] == " " or line[-1] == " " or _UNSEEN.search(line) for line in lines
    ):
        return scalar(text)
    return "|-\n" + "\n".join(" " * indent + line for line in lines)


def flow(items: tuple[str, ...] | list[str]) -> str:
    """A flow sequence of scalars."""
    return "[" + ", ".join(scalar(item) for item in items) + "]"


def comment(text: str, indent: int = 0, width: int = 96) -> str:
    """The text as comment lines, wrapped; nothing in it can end the comment."""
    words = visible(" ".join(text.split())).split(" ")
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
