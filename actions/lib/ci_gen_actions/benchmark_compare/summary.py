"""The comparison as Markdown for the summary of the step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..core.inert import code, plain, table
from ..core.result import Verdict
from . import history, wording
from .cases import Finding
from .verdicts import Entry, Judgement

ROWS = 60
_HEAD = ("Benchmark", "Verdict", "Change", "99 % interval", "Pairs", "Pair by pair")
_QUIET = (Finding.PASS, Finding.IMPROVEMENT, Finding.NEW)


def markdown(
    judgement: Judgement,
    verdict: Verdict,
    *,
    service: str,
    remarks: Sequence[str],
    notes: Sequence[str],
    accept_file: str,
) -> str:
    """The summary: what was found, the worst first; what passed is folded."""
    of = f" of {plain(service)}" if service else ""
    counts = ", ".join(f"{count} {name}" for name, count in judgement.counts.items())
    parts = [f"### Benchmarks{of}: {verdict}\n\n{counts or 'Nothing was measured'}.\n"]
    parts += [f"\n**{plain(each)}**\n" for each in notes]
    loud = [each for each in judgement.entries if not _quiet(each)]
    quiet = [each for each in judgement.entries if _quiet(each)]
    if loud:
        parts.append(f"\n{_table(loud)}")
        parts.append(_reasons(loud, accept_file))
    if quiet and loud:
        shown = f"{len(quiet)} without a finding"
        parts.append(f"\n<details><summary>{shown}</summary>\n\n{_table(quiet)}\n</details>\n")
    elif quiet:
        parts.append(f"\n{_table(quiet)}")
    if remarks:
        parts.append("\n" + "".join(f"- {plain(each)}\n" for each in remarks[:20]))
    if any(each.judged.pairs for each in judgement.entries):
        parts.append(
            "\nAbove 0 % is worse. Pairs are processes of both builds that ran in turns; bars "
            "show their differences in order.\n"
        )
    return "".join(parts)


def _quiet(entry: Entry) -> bool:
    return entry.finding in _QUIET


def _table(entries: Sequence[Entry]) -> str:
    rows = [
        (
            code(each.name),
            _verdict(each),
            plain(wording.change(each.judged)),
            plain(wording.interval(each.judged)),
            plain(wording.pairs_used(each.judged)),
            code(_bars(each)),
        )
        for each in entries[:ROWS]
    ]
    more = len(entries) - ROWS
    return table(_HEAD, rows) + (f"\nand {more} more, in the report\n" if more > 0 else "")


def _verdict(entry: Entry) -> str:
    finding = str(entry.finding)
    if entry.judged.case.control:
        return f"{finding} (control)"
    if entry.accepted:
        return f"{finding}, accepted until {entry.accepted.expires}"
    return f"**{finding}**" if entry.verdict is not Verdict.PASS else finding


def _bars(entry: Entry) -> str:
    case = entry.judged.case
    if not case.paired or not case.baseline:
        return ""
    return wording.sparkline([each for each in history.pairs(case) if not math.isnan(each)])


def _reasons(entries: Sequence[Entry], accept_file: str) -> str:
    """Why, for each benchmark that has more to say than its row."""
    lines = []
    for each in entries[:ROWS]:
        judged, told = each.judged, []
        if judged.why:
            told.append(plain(judged.why))
        if each.finding is Finding.INCONCLUSIVE and not math.isnan(judged.detectable):
            told.append(f"so much data finds a change of {wording.percent(judged.detectable)}")
        if each.accepted:
            told.append(
                f"{plain(each.accepted.reason)} ({code(f'{accept_file}:{each.accepted.line}')})"
            )
        if each.expired:
            told.append(f"accepted once, until {each.expired.expires}")
        if told:
            lines.append(f"- {code(each.name)}: {'; '.join(told)}\n")
    return "\n" + "".join(lines) if lines else ""
