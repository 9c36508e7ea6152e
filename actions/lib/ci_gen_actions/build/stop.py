"""How a build ends before its end."""

from __future__ import annotations

from ..core.result import Verdict


class Stop(Exception):  # noqa: N818 - an end, not an error
    """The build ends here with a verdict that was measured."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
