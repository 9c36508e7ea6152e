"""What will be asked, worked out before anything is. Pure but for the file of requests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import UsageError
from .address import Address, parse
from .further import Further, read
from .options import CHECKS, Options

_KEY = re.compile(r"[!-~]+")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The server, the checks in their order, the further requests."""

    address: Address
    checks: tuple[str, ...]
    further: tuple[Further, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing at all would be asked."""
        return not self.checks and not self.further


def make_plan(options: Options, workspace: Path) -> Plan:
    """The plan for a checkout. Raises UsageError for inputs that contradict each other."""
    if "none" in options.checks and len(options.checks) > 1:
        raise _wrong("checks", "it names none and other checks", "leave out none, or the others")
    checks = tuple(name for name in CHECKS if name in options.checks)
    bounded = options.max_first_token_ms or options.max_total_ms
    if bounded and "stream" not in checks:
        raise _wrong(
            "checks",
            "a latency has a bound, and stream, which measures it, is not among the checks",
            "add stream, or leave out max-first-token-ms and max-total-ms",
        )
    if options.api_key and not _KEY.fullmatch(options.api_key):
        # The key itself must not be shown, and a line break in it would end the header.
        raise _wrong(
            "api-key",
            "it holds a blank, a line break or a character that is not ASCII",
            "store the key anew, without the end of the line",
        )
    if options.authentication == "required" and not options.api_key:
        raise _wrong(
            "api-key",
            "it is empty, and authentication is required",
            "set the secret for this environment; a pull request of a fork has none",
        )
    expected = (options.expected_build, options.expected_model, options.expected_template)
    if any(expected) and "identity" not in checks:
        raise _wrong(
            "checks",
            "something is expected of /props, and identity, which reads it, is not among them",
            "add identity, or leave out the inputs expected-*",
        )
    further = read(workspace / options.requests, options.requests) if options.requests else ()
    return Plan(address=parse(options.url), checks=checks, further=further)


def _wrong(name: str, why: str, next: str) -> UsageError:
    return UsageError(
        f"the input {name} does not fit",
        where=f"input {name} of the action smoke-test",
        why=why,
        next=next,
    )
