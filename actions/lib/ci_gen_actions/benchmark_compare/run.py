"""The `benchmark-compare` action: read both sides, decide, show."""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.dialect import Dialect
from ..core.evidence import Findings
from ..core.files import sha256, write_atomically
from ..core.result import Result, Verdict, worst
from ..scanning.judgement import now_in_utc
from . import (
    accepted,
    comparison,
    confirming,
    history,
    inputs,
    matching,
    plan,
    summary,
    verdicts,
    wording,
)
from .comparison import Before
from .deciding import Judged, Rules, judge
from .matching import Matched
from .measurement_file import BASELINE, CURRENT, Measurement
from .options import Options, Outputs
from .verdicts import Judgement

ANNOTATIONS = 20
"""How many benchmarks are annotated: platforms show few more."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TOLD = 200
"""How many benchmarks the evidence tells of; the comparison tells of all."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the inputs hold: the cases, the looks of the measuring, and digests of the files."""

    matched: Matched
    looks: tuple[int, ...] | None
    digests: dict[str, str]


def run(options: Options, ci: Dialect) -> Result:
    """Compare. Raises UsageError for inputs that cannot be used."""
    plan.check(options)
    workspace = ci.workspace.resolve()
    accepting = workspace / options.accept_file
    entries = accepted.load(accepting, options.accept_file)
    read = _read(options, workspace)
    old = _files(options.history, workspace, "history")
    stored, remarks = inputs.stored(workspace, old)
    if old:
        read.digests["history"] = inputs.digest(old)
    cases = read.matched.cases
    rules = plan.rules(options, history.known(cases, stored), read.looks)
    judged = judge(cases, rules)
    before: list[Verdict] = []
    notes: list[str] = []
    if options.first:
        first = comparison.earlier(workspace / options.first, options.first)
        judged, before, notes = _confirmed(first, judged)
    judgement = verdicts.sort(judged, entries, today=now_in_utc().date())
    confirm = options.on_alarm == "confirm" and not options.first
    verdict = worst([judgement.verdict(confirm=confirm), *before])
    remarks = [*read.matched.remarks, *remarks]
    if accepting.is_file():
        read.digests["accept"] = f"sha256:{sha256(accepting)}"
    return _told(options, ci, judgement, rules, verdict, remarks, notes, read.digests)


def _read(options: Options, workspace: Path) -> Read:
    if options.measurement:
        (path,) = inputs.files(workspace, [options.measurement], "measurement")
        measured = inputs.measurement(workspace, path)
        return Read(
            matched=matching.of_measurement(measured, options.controls),
            looks=measured.looks,
            digests={"measurement": f"sha256:{sha256(path)}", **_packages(measured)},
        )
    sides = {
        "baseline": _files(options.baseline, workspace, "baseline"),
        "current": _files(options.current, workspace, "current"),
    }
    matched = matching.of_readings(
        inputs.readings(workspace, sides["baseline"]),
        inputs.readings(workspace, sides["current"]),
        pairing=options.pairing,
        controls=options.controls,
    )
    digests = {side: inputs.digest(paths) for side, paths in sides.items()}
    return Read(matched=matched, looks=None, digests=digests)


def _packages(measured: Measurement) -> dict[str, str]:
    """The digests of the packages that were measured, as far as the measurement tells them."""
    sides = {"package": CURRENT, "baseline-package": BASELINE}
    told = {name: measured.arms[arm].package for name, arm in sides.items()}
    return {name: text for name, text in told.items() if DIGEST.fullmatch(text)}


def _files(patterns: Sequence[str], workspace: Path, given_by: str) -> list[Path]:
    return inputs.files(workspace, patterns, given_by)


def _confirmed(
    first: Mapping[str, Before], judged: Sequence[Judged]
) -> tuple[tuple[Judged, ...], list[Verdict], list[str]]:
    """The findings of both runs; the verdicts of what only the first one measured; notes.

    An alarm that this run did not measure again is neither confirmed nor dispelled.
    """
    findings = {name: each.finding for name, each in first.items()}
    lost = confirming.unmeasured(findings, judged)
    measured = {each.case.name for each in judged}
    others = [
        each.verdict for name, each in first.items() if name not in measured and name not in lost
    ]
    notes = [f"The first run found {name} slower, and this run did not measure it" for name in lost]
    both = confirming.confirmed(findings, judged)
    return both, [*others, *(Verdict.NO_DATA for _ in lost)], notes


def _told(
    options: Options,
    ci: Dialect,
    judgement: Judgement,
    rules: Rules,
    verdict: Verdict,
    remarks: Sequence[str],
    notes: list[str],
    digests: dict[str, str],
) -> Result:
    from . import report

    workspace = ci.workspace.resolve()
    value = comparison.of(judgement, rules, verdict=verdict.value, remarks=remarks)
    paths = [
        Path(os.path.normpath(workspace / name)) for name in (options.comparison, options.report)
    ]
    write_atomically(paths[0], comparison.text(value))
    page = report.page(value, service=options.service, commit=ci.commit)
    write_atomically(paths[1], page)
    warn = verdict is Verdict.INCONCLUSIVE and options.on_inconclusive == "warn"
    notes = [*notes, *_notes(judgement, verdict, options)]
    _announce(judgement, ci, options, notes)
    return Result(
        verdict,
        Outputs(
            verdict=verdict.value,
            compared=judgement.compared,
            regressions=len(judgement.regressions),
            alarms="\n".join(each.name for each in judgement.regressions),
            comparison=inputs.shown(workspace, paths[0]),
            report=inputs.shown(workspace, paths[1]),
        ),
        _evidence(options, judgement, digests, remarks),
        summary.markdown(
            judgement,
            verdict,
            service=options.service,
            remarks=remarks,
            notes=notes,
            accept_file=options.accept_file,
        ),
        exit_status=0 if warn else None,
    )


def _notes(judgement: Judgement, verdict: Verdict, options: Options) -> list[str]:
    """What the reader must not overlook."""
    notes = []
    if verdict is Verdict.NO_DATA and not judgement.compared:
        notes.append("Nothing was compared, so that nothing is known")
    if judgement.regressions and options.on_alarm == "confirm" and not options.first:
        notes.append("An alarm waits for a fresh job to confirm it")
    if verdict is Verdict.INCONCLUSIVE and options.on_inconclusive == "warn":
        notes.append("Not decided: nothing says that no benchmark became slower")
    return notes


def _announce(judgement: Judgement, ci: Dialect, options: Options, notes: Sequence[str]) -> None:
    for entry in judgement.regressions[:ANNOTATIONS]:
        ci.error(wording.sentence(entry.judged))
        if entry.expired:
            ci.error(
                f"{entry.name} is no longer accepted: its entry expired on "
                f"{entry.expired.expires}. Fix it, or decide anew and move the day",
                file=options.accept_file,
                line=entry.expired.line,
            )
    unsure = [
        each
        for each in judgement.entries
        if each.verdict in (Verdict.INCONCLUSIVE, Verdict.NO_DATA)
    ]
    for entry in unsure[:ANNOTATIONS]:
        ci.warning(wording.sentence(entry.judged))
    for note in notes:
        ci.warning(note)
    for unused in judgement.unused:
        ci.notice(
            f"the entry for {unused.benchmark} matches nothing; it can be removed",
            file=options.accept_file,
            line=unused.line,
        )


def _evidence(
    options: Options, judgement: Judgement, digests: dict[str, str], remarks: Sequence[str]
) -> Findings:
    import numpy
    import scipy  # type: ignore[import-untyped]

    found = [
        {
            "name": each.name,
            "finding": each.finding.value,
            "change": wording.percent(each.judged.estimate),
            "interval": wording.interval(each.judged),
            "pairs": each.judged.pairs,
            "paired": each.judged.case.paired,
            "accepted": str(each.accepted.expires) if each.accepted else "",
        }
        for each in judgement.entries
    ]
    return Findings(
        service=options.service,
        inputs=digests,
        findings={
            "counts": dict(judgement.counts),
            "compared": judgement.compared,
            "benchmarks": found[:TOLD],
            "benchmarks-total": len(found),
            "tolerance-percent": options.tolerance,
            "remarks": list(remarks)[:50],
        },
        tools={"numpy": numpy.__version__, "scipy": scipy.__version__},
    )
