"""Everything that can stop ci-gen, as one tree; `ci_gen.__main__` alone catches it.

    CiGenError                  exit status
    ├── UsageError              2  the command or a file given to it is wrong
    │   ├── ConfigError         2  ci-gen.yaml is wrong, every problem with its place
    │   └── VersionError        2  the repository needs another version of ci-gen
    ├── Undecided               3  something could not be read, written, measured or reached
    │   └── Busy                3  another ci-gen is at work in the same repository
    └── Drift                   4  somebody else changed what ci-gen is responsible for

Each says what happened (`message`) and what to do next (`hint`, "" where nothing helps).
An exception outside the tree is a bug of ci-gen: it prints a traceback, asks for a report
and ends with 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

WRONG = 2
UNDECIDED = 3
DRIFT = 4
INTERRUPTED = 130


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a file; `line` and `column` are 1-based, 0 where unknown."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    @property
    def place(self) -> str:
        """`file:line:column`, shortened by what is unknown."""
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        return place

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class CiGenError(Exception):
    """What stops ci-gen; see the tree above."""

    exit_status: ClassVar[int] = UNDECIDED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(CiGenError):
    """The command, or a file given to it, is wrong."""

    exit_status = WRONG


class ConfigError(UsageError):
    """The config is wrong: every problem at once, in the order of the file."""

    def __init__(self, problems: Iterable[Problem], hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint)


class VersionError(UsageError):
    """The repository was written by a ci-gen that this one cannot follow."""


class Undecided(CiGenError):  # noqa: N818 - a state of affairs, not a mistake
    """Something could not be read, written, measured or reached."""

    exit_status = UNDECIDED


class Busy(Undecided):
    """Another ci-gen is at work in the same repository."""


class Drift(CiGenError):  # noqa: N818 - a state of affairs, not a mistake
    """Somebody else changed what ci-gen is responsible for."""

    exit_status = DRIFT


def quoted(text: str) -> str:
    """The text in double quotes, shortened, with nothing in it that a terminal would obey."""
    shown = text if len(text) <= 80 else text[:77] + "..."
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown) + '"'
