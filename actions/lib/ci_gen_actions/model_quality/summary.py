"""The step summary: a table with intervals, and the worst questions. What a model said is inert."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.inert import code, plain, table
from ..core.result import Verdict
from . import wording
from .finding import Comparison, Finding, State
from .regressed import Regressed

QUESTIONS = 10
_ANSWER = 200
_HEAD = (
    "Evaluation set", "Measured", "Baseline", "Now", "Change", "99 % interval", "Tolerated",
    "Could show", "",
)  # fmt: skip


def summary(
    found: Comparison,
    regressed: Sequence[Regressed],
    *,
    service: str,
    warned: bool,
    arms: Sequence[str] = (),
) -> str:
    """Markdown. `arms` are lines that say what was measured; `warned` that INCONCLUSIVE passes."""
    title = f"### Model quality{' of ' + plain(service) if service else ''}: {found.verdict}\n\n"
    parts = [title, f"{plain(wording.headline(found))}\n\n"]
    parts.append(table(_HEAD, [_row(each) for each in found.findings]))
    if warned and found.verdict is Verdict.INCONCLUSIVE:
        parts.append("\n**Not decided. This job passes with a warning, and proves nothing.**\n")
    # without any baseline the headline says so for all
    notes = [each for each in found.findings if found.baseline and not each.state.compared]
    parts += [f"\n{plain(wording.sentence(each))}\n" for each in notes]
    for each in (each for each in found.findings if each.state is State.INCONCLUSIVE):
        told = f"{each.name}: {each.why}. {wording.remedy(each)}"
        parts.append(f"\n{plain(told)}\n")
    parts.append(_questions(regressed))
    parts += [f"\n{plain(each)}\n" for each in arms]
    return "".join(parts)


def _row(each: Finding) -> tuple[str, ...]:
    return (
        code(each.name),
        f"{wording.MEASURED[each.kind]} ({each.size})"
        if each.size
        else wording.MEASURED[each.kind],
        wording.value(each.kind, each.base),
        wording.value(each.kind, each.value),
        wording.change(each.kind, each.change),
        wording.interval(each),
        wording.change(each.kind, each.tolerance, signed=False),
        wording.change(each.kind, each.detectable, signed=False),
        f"**{each.state}**",
    )


def _questions(regressed: Sequence[Regressed]) -> str:
    if not regressed:
        return ""
    rows = [
        (
            code(f"{each.set_name}: {each.id}"),
            code(_short(each.asked)),
            code(_short(each.expected)),
            code(_short(each.before.text)),
            code(_short(each.now.text)),
        )
        for each in regressed[:QUESTIONS]
    ]
    shown = table(("Question", "Asked", "Right", "Before", "Now"), rows)
    more = len(regressed) - QUESTIONS
    rest = f"\nand {more} more, in the report\n" if more > 0 else ""
    return f"\n**Right before, wrong now**\n\n{shown}{rest}"


def _short(text: str) -> str:
    return text if len(text) <= _ANSWER else f"{text[:_ANSWER]}…"
