"""The errors of the actions, each with the exit status it leads to.

    ActionError
      UsageError         2  a wrong input, or a repository that is not what the inputs say
        OptionsError        several wrong inputs at once
      CannotDecide       3  something could not be measured, reached or decided
      ChangedMeanwhile   4  somebody else changed what this was about to change
    Interrupted        130  a signal asked the action to stop (not an `Exception`)

A gate that measured something bad is no error: it is a `Result` with the verdict FAIL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXIT_USAGE = 2
EXIT_UNDECIDED = 3
EXIT_DRIFT = 4
EXIT_INTERRUPTED = 130


class ActionError(Exception):
    """Something that the reader can act on; it is shown without a traceback.

    `what` happened, `where` (an input, a file with its line, a command), `why`, and what to do
    `next`. `file` and `line` (1-based, 0 for none) place the annotation.
    """

    exit_status = EXIT_UNDECIDED

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        why: str = "",
        next: str = "",
        file: str = "",
        line: int = 0,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.next = next
        self.file = file
        self.line = line

    def __str__(self) -> str:
        parts = [self.what]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.why:
            parts.append(f"  why: {self.why}")
        if self.next:
            parts.append(f"  next: {self.next}")
        return "\n".join(parts)


class UsageError(ActionError):
    """The inputs are wrong, or do not fit the repository (exit status 2)."""

    exit_status = EXIT_USAGE


class CannotDecide(ActionError):  # noqa: N818 - reads as the sentence it is
    """Something could not be measured, reached or decided (exit status 3)."""

    exit_status = EXIT_UNDECIDED


class ChangedMeanwhile(ActionError):  # noqa: N818 - reads as the sentence it is
    """Somebody else changed, or made, what this was about to change (exit status 4)."""

    exit_status = EXIT_DRIFT


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One wrong input: its name, the way it was given, the value shown, and what is allowed."""

    name: str
    given_by: str
    value: str
    reason: str
    allowed: str = ""
    hint: str = ""

    def __str__(self) -> str:
        shown = f" = {self.value}" if self.value else ""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        hint = f" - did you mean {self.hint}?" if self.hint else ""
        return f"{self.name} ({self.given_by}){shown}: {self.reason}{allowed}{hint}"


class OptionsError(UsageError):
    """Every wrong input of one start, together."""

    def __init__(self, action: str, problems: Sequence[Problem]) -> None:
        count = len(problems)
        noun = "input is" if count == 1 else "inputs are"
        super().__init__(
            f"{count} {noun} wrong",
            where=f"action {action}",
            why="\n       ".join(str(problem) for problem in problems),
            next=f"correct the values; actions/{action}/README.md describes each input",
        )
        self.problems = tuple(problems)


class Interrupted(BaseException):
    """A signal asked the action to stop; `signum` is its number."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum
