"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.result import Verdict
from .http import Answer

SHOWN = 300


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One check. One that is `skipped` has the verdict NO_DATA and is not counted."""

    name: str
    verdict: Verdict
    what: str
    seconds: float = 0.0
    skipped: bool = False
    findings: Mapping[str, Any] = field(default_factory=dict)


class Bad(Exception):  # noqa: N818 - reads as the sentence it is
    """An answer is not what it must be; the text says why, `findings` what was measured."""

    verdict = Verdict.FAIL

    def __init__(self, what: str, findings: Mapping[str, Any] | None = None) -> None:
        super().__init__(what)
        self.findings = findings or {}


class Unknown(Bad):
    """Nothing can be said of the server: it was not reached, or wants a key that is not there."""

    verdict = Verdict.ERROR


class Skipped(Exception):  # noqa: N818 - reads as the sentence it is
    """The check does not apply to this server."""


def whole(answer: Answer, request: str) -> Answer:
    """The answer, if all of it came. Raises Unknown without a connection, else Bad."""
    if answer.reached and not answer.broken:
        return answer
    if not answer.reached:
        raise Unknown(f"{request}: no connection: {answer.broken}")
    began = f"status {answer.status}, but " if answer.status else ""
    raise Bad(f"{request}: {began}{answer.broken}")


def excerpt(body: bytes) -> str:
    """The beginning of a body on one line, for a message."""
    text = " ".join(body[: SHOWN * 4].decode("utf-8", "replace").split())
    return text[:SHOWN]
