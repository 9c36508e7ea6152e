"""The report: one HTML file that needs no network, readable dark and light. Pure.

Everything that a model said or a file holds is escaped, and the page's policy lets nothing run.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from . import pictures, wording
from .finding import Comparison, Finding
from .measurement import Measurement
from .regressed import Regressed

QUESTIONS = 200
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --soft: #6b7280; --line: #d4d7dd;
  --good: #1a7f37; --bad: #c62828; --open: #a15c00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16181c; --soft: #9aa1ab;
  --line: #3a3f47; --good: #4cc26a; --bad: #ff7a70; --open: #e2a33c; } }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left;
  vertical-align: top; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
div.wide { overflow-x: auto; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; font: 13px/1.4 monospace; }
svg { width: 100%; height: auto; margin: 1rem 0; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .label, svg .right { text-anchor: end; } svg .tick { text-anchor: middle; fill: var(--soft); }
svg .zero { stroke: var(--soft); stroke-dasharray: 3 3; } svg .limit { stroke: var(--bad); }
svg .bar { stroke-width: 3; } svg .curve { fill: none; stroke: var(--good); stroke-width: 1.5; }
svg line.good { stroke: var(--good); } svg line.bad { stroke: var(--bad); }
svg line.open { stroke: var(--open); } svg circle.good, svg path.good { fill: var(--good); }
svg circle.bad, svg path.bad { fill: var(--bad); } svg circle.open, svg path.open
  { fill: var(--open); }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--open); }
.soft { color: var(--soft); }
"""
_COLOURS = {"FAIL": "bad", "PASS": "good"}
_COLUMNS = (
    "Evaluation set", "Measured", "Baseline", "Now", "Change", "99 % interval", "Tolerated",
    "Could show", "State",
)  # fmt: skip


def page(
    found: Comparison,
    current: Measurement,
    baseline: Measurement | None,
    regressed: Sequence[Regressed],
    *,
    service: str,
) -> str:
    """The whole page."""
    title = f"Model quality{' of ' + service if service else ''}"
    verdict = found.verdict.value
    body = [
        f'<h1>{escape(title)}: <span class="{_COLOURS.get(verdict, "open")}">{verdict}</span></h1>',
        f"<p>{escape(wording.headline(found))}</p>",
        pictures.forest(found.findings),
        _table(_COLUMNS, [_cells(each) for each in found.findings]),
        f'<p class="soft">{escape(_how(found))}</p>',
        *(f"<p>{escape(wording.sentence(each))}</p>" for each in found.findings),
        *_curves(current, baseline),
        _questions(regressed),
        _arms(current, baseline),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}: {verdict}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def _how(found: Comparison) -> str:
    return (
        f"Paired: chunk with the same chunk, question with the same question. Over all sets "
        f"{100 * found.alpha:g} % false alarms, {100 * found.share:g} % each. A set becomes worse "
        "where that is sure and at least half of what is tolerated; it passes where the whole "
        "interval lies below what is tolerated."
    )


def _cells(each: Finding) -> list[str]:
    colour = {"FAIL": "bad", "PASS": "good"}.get(each.state.verdict.value, "open")
    size = f" ({each.size})" if each.size else ""
    numbers = (
        wording.value(each.kind, each.base),
        wording.value(each.kind, each.value),
        wording.change(each.kind, each.change),
        wording.interval(each),
        wording.change(each.kind, each.tolerance, signed=False),
        wording.change(each.kind, each.detectable, signed=False),
    )
    return [
        f"<td>{escape(each.name)}</td>",
        f"<td>{wording.MEASURED[each.kind]}{size}</td>",
        *(f'<td class="n">{escape(number)}</td>' for number in numbers),
        f'<td class="{colour}">{each.state}</td>',
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join(f"<tr>{''.join(row)}</tr>\n" for row in rows)
    inner = f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody>"
    return f'<div class="wide"><table>\n{inner}\n</table></div>'


def _curves(current: Measurement, baseline: Measurement | None) -> list[str]:
    texts = {each.name: each for each in baseline.perplexity} if baseline else {}
    return [
        f"<h2>{escape(each.name)}</h2>{pictures.chunks(each, texts[each.name])}"
        for each in current.perplexity
        if each.name in texts and len(each.chunks) == len(texts[each.name].chunks)
    ]


def _questions(regressed: Sequence[Regressed]) -> str:
    if not regressed:
        return ""
    rows = [
        [
            f"<td>{escape(f'{each.set_name}: {each.id}')}</td>",
            *(
                f"<td><pre>{escape(text)}</pre></td>"
                for text in (each.asked, each.expected, each.before.text, each.now.text)
            ),
            f"<td>{escape(each.now.note)}</td>",
        ]
        for each in regressed[:QUESTIONS]
    ]
    head = ("Question", "Asked", "Right", "Before", "Now", "Grader")
    more = len(regressed) - QUESTIONS
    rest = f"<p>and {more} more</p>" if more > 0 else ""
    return f"<h2>Right before, wrong now ({len(regressed)})</h2>{_table(head, rows)}{rest}"


def _arms(current: Measurement, baseline: Measurement | None) -> str:
    sides = [("Now", current)] + ([("Baseline", baseline)] if baseline else [])
    names = ("model", "model_name", "package", "build", "backend", "threads", "template", "system")
    rows = [
        [
            f"<td>{escape(name.replace('_', ' '))}</td>",
            *(f"<td><pre>{escape(str(getattr(m.subject, name)))}</pre></td>" for _, m in sides),
        ]
        for name in names
    ]
    rows.append(
        ["<td>measured</td>", *(f"<td>{escape(m.measured)}</td>" for _, m in sides)],
    )
    return f"<h2>What was measured</h2>{_table(('', *(name for name, _ in sides)), rows)}"
