"""A person's terminal: colour where it shows, outputs as JSON on standard output."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from .dialect import Dialect

_COLOURS = {"notice": "36", "warning": "33", "error": "31"}


class Terminal(Dialect):
    """A laptop, or any place that is neither GitHub nor GitLab."""

    name = "terminal"

    @property
    def workspace(self) -> Path:
        """The present folder."""
        return Path.cwd()

    def summary(self, markdown: str) -> None:
        """Show the Markdown as it is."""
        self.log(markdown)

    def outputs(self, action: str, values: Mapping[str, str]) -> None:
        """Print the outputs as one JSON object."""
        self._out.write(f"{json.dumps(dict(values), indent=2)}\n".encode())
        self._out.flush()

    def _open_group(self, title: str) -> str:
        self._line(self._paint("1", f"== {title}"))
        return ""

    def _annotate(self, level: str, message: str, file: str, line: int) -> None:
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        self._line(f"{place}{self._paint(_COLOURS[level], level)}: {message}")

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours() else text

    def _colours(self) -> bool:
        if self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb":
            return False
        try:
            return os.isatty(self._log.fileno())
        except (OSError, ValueError):
            return False
