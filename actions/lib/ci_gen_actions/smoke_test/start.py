"""Waits until the server says that its model is loaded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..core.dialect import Dialect
from . import judge
from .checks import Server
from .http import Answer, Request
from .outcome import Bad, excerpt, whole

PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between tries; the last one from then on."""
DEFAULT = "/health"


def wait(server: Server, ci: Dialect) -> tuple[str, Mapping[str, Any]]:
    """Ask until it is healthy: what to say, and findings.

    Raises Unknown where it was never reached within the time, Bad where it answered and was
    never healthy: refused connections are a server that starts, and 503 is a model that loads.
    """
    options = server.options
    request = Request(path=options.health)
    began, tries, said = time.monotonic(), 0, ""
    while True:
        tries += 1
        try:
            healthy(server.ask(request), request)
        except Bad as problem:
            last = problem
        else:
            seconds = round(time.monotonic() - began, 3)
            return f"healthy after {seconds:g} s", {"start_seconds": seconds, "tries": tries}
        if str(last) != said:
            said = str(last)
            ci.log(said)
        pause = PAUSES[min(tries, len(PAUSES)) - 1]
        if time.monotonic() + pause > began + options.start_timeout:
            raise type(last)(f"not healthy within {options.start_timeout} s: {last}")
        time.sleep(pause)


def healthy(answer: Answer, request: Request) -> None:
    """Raise Bad or Unknown for an answer that is not one of a healthy server."""
    whole(answer, request.words)
    judge.status(answer, request.words)
    if request.path != DEFAULT:
        return
    try:
        told = judge.load(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("status") != "ok":
        raise Bad(
            f"{request.words}: status 200, but not what llama-server says: {excerpt(answer.body)}"
        )
