"""Waits for the server, asks, judges, tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

from ..core.dialect import Dialect
from ..core.files import sha256
from ..core.result import Result, Verdict
from . import expect, report, start
from .checks import CHECKS, Found, Server
from .further import Further
from .options import Options, Outputs
from .outcome import Bad, Outcome, Skipped
from .plan import Plan, make_plan


def run(options: Options, ci: Dialect) -> Result:
    """Make the checks and requests of the plan, one after the other."""
    plan = make_plan(options, ci.workspace)
    if options.api_key and not plan.address.tls and not plan.address.loopback:
        ci.warning(f"the key goes to {plan.address} without TLS: whoever is between can read it")
    outcomes = [] if plan.empty else _all(plan, options, ci)
    verdict = report.verdict_of(outcomes)
    for each in outcomes:
        _tell(each, ci)
    if verdict is Verdict.NO_DATA:
        ci.error("nothing was judged: there is no check, or none of them applies to this server")
    bad = [each.name for each in outcomes if not each.skipped and each.verdict is not Verdict.PASS]
    file = options.requests and ci.workspace / options.requests
    return Result(
        verdict,
        Outputs(
            verdict=verdict.value,
            checks=sum(not each.skipped for each in outcomes),
            failed=", ".join(bad),
            build=report.find(outcomes, "identity", "build"),
            served_model=report.find(outcomes, "identity", "model"),
            first_token_ms=report.find(outcomes, "stream", "first_token_ms"),
            total_ms=report.find(outcomes, "stream", "total_ms"),
        ),
        evidence={
            "inputs": {"requests": f"sha256:{sha256(file)}"} if file else {},
            "findings": {
                "url": str(plan.address),
                "checks": [report.recorded(each) for each in outcomes],
            },
        },
        summary=report.summary(str(plan.address), verdict, outcomes),
    )


def _all(plan: Plan, options: Options, ci: Dialect) -> list[Outcome]:
    server = Server(address=plan.address, options=options)
    todo: list[tuple[str, Callable[[], Found]]] = [("health", partial(start.wait, server, ci))]
    todo += [(name, partial(CHECKS[name], server)) for name in plan.checks]
    todo += [(each.name, partial(_further, server, each)) for each in plan.further]
    outcomes: list[Outcome] = []
    stopped = ""
    for name, check in todo:
        if stopped:
            outcomes.append(_skipped(name, f"not asked: {stopped}"))
            continue
        outcomes.append(_made(name, check, ci))
        if outcomes[-1].verdict is Verdict.ERROR:
            stopped = f"{name} found out nothing"
        elif outcomes[-1].name == "health" and outcomes[-1].verdict is not Verdict.PASS:
            stopped = "the server is not healthy"
    return outcomes


def _made(name: str, check: Callable[[], Found], ci: Dialect) -> Outcome:
    began = time.monotonic()
    try:
        what, findings = check()
        verdict = Verdict.PASS
    except Skipped as why:
        return _skipped(name, str(why))
    except Bad as problem:
        what, findings, verdict = str(problem), problem.findings, problem.verdict
    return Outcome(
        name=name,
        verdict=verdict,
        what=ci.redact(what),
        seconds=time.monotonic() - began,
        findings=_redacted(findings, ci),
    )


def _skipped(name: str, why: str) -> Outcome:
    return Outcome(name=name, verdict=Verdict.NO_DATA, what=why, skipped=True)


def _further(server: Server, further: Further) -> Found:
    """One request of the file, as often as it says."""
    request = further.request
    took = []
    for _ in range(further.repeat):
        answer = server.ask(request, key=None if further.key else "")
        expect.judged(answer, further.expected, request.words)
        took.append(answer.seconds)
    middle = round(median(took) * 1000, 1)
    findings = {"total_ms": middle, "repeat": further.repeat}
    limit = further.expected.max_ms
    if limit and middle > limit:
        raise Bad(f"{request.words}: the median took {middle} ms, more than {limit:g} ms", findings)
    return f"as expected, {middle} ms", findings


def _redacted(value: Any, ci: Dialect) -> Any:
    """What a server says may hold the key that it was sent."""
    if isinstance(value, str):
        return ci.redact(value)
    if isinstance(value, Mapping):
        return {key: _redacted(each, ci) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_redacted(each, ci) for each in value]
    return value


def _tell(outcome: Outcome, ci: Dialect) -> None:
    if outcome.skipped:
        ci.log(f"{outcome.name}: not made: {outcome.what}")
    elif outcome.verdict is Verdict.PASS:
        ci.log(f"{outcome.name}: {outcome.what}")
    else:
        ci.error(f"{outcome.name}: {outcome.verdict}: {outcome.what}")
