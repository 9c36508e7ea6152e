"""The comparison as one HTML file: it needs no network, and nothing in it can act.

Names come from outside, so that every text is escaped, and a policy of the page lets no script
run but its own, which is known by its digest.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from . import wording

PAGE = Path(__file__).parent / "page"
_KEPT = ("pairs", "tolerance", "estimate", "low", "high", "unit", "baseline", "current")


def page(comparison: Mapping[str, Any], *, service: str = "", commit: str = "") -> str:
    """The whole page of a comparison (`comparison.of`)."""
    script = (PAGE / "report.js").read_text("utf-8")
    style = (PAGE / "report.css").read_text("utf-8")
    benchmarks: Sequence[Mapping[str, Any]] = comparison["benchmarks"]
    policy = f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'"
    title = f"Benchmarks of {service}" if service else "Benchmarks"
    badge = _badge(comparison["verdict"])
    rows = "".join(_row(place, each) for place, each in enumerate(benchmarks))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_text(title)}: {_text(comparison["verdict"])}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{_text(title)} {badge}</h1>
<p class="soft">{_text(_head(comparison, commit))}</p>
</header>
{_list("Remarks", comparison["remarks"])}
<main>
{_tools(comparison["counts"])}
{rows or "<p>Nothing was measured.</p>"}
</main>
{_rules(comparison["rules"])}
<script type="application/json" id="data">{_data(benchmarks)}</script>
<script>{script}</script>
</body>
</html>
"""


def _head(comparison: Mapping[str, Any], commit: str) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in comparison["counts"].items())
    return f"{counts or 'nothing measured'}{f'; commit {commit[:12]}' if commit else ''}"


def _tools(counts: Mapping[str, int]) -> str:
    options = "".join(f'<option value="{_text(each)}">{_text(each)}</option>' for each in counts)
    return f"""<div class="tools">
<label>Name <input type="search" id="search" autocomplete="off"></label>
<label>Verdict <select id="finding"><option value="">all</option>{options}</select></label>
<span id="told" role="status" class="soft"></span>
</div>"""


def _row(place: int, one: Mapping[str, Any]) -> str:
    finding = one["finding"]
    cells = (
        f'<span class="name">{_text(one["name"])}</span>',
        _badge(finding, _marks(one)),
        f"<span>{_text(_percent(one['estimate']))}</span>",
        f'<span class="soft">{_text(_interval(one))}</span>',
        _spark([each for each in one["pairs"] if each is not None]),
    )
    return (
        f'<details class="benchmark" data-place="{place}" data-finding="{_text(finding)}">'
        f"<summary>{''.join(cells)}</summary>"
        f'<div class="inside">{_facts(one)}<div class="charts"></div></div></details>\n'
    )


def _badge(word: str, more: str = "") -> str:
    return f'<span class="badge {_class(word)}">{_text(word)}{more}</span>'


def _marks(one: Mapping[str, Any]) -> str:
    if one["control"]:
        return ", control"
    return ", accepted" if one["accepted"] and one["accepted"]["holds"] else ""


def _facts(one: Mapping[str, Any]) -> str:
    accepted = one["accepted"]
    until = f"{accepted['reason']} (until {accepted['expires']})" if accepted else ""
    pairs = f"{one['pairs_used']}{'' if one['paired'] else ' processes a side, unpaired'}"
    aside = f", {one['aside']} set aside" if one["aside"] else ""
    facts = (
        ("Why", one["why"]),
        ("Accepted", until),
        ("Pairs", f"{pairs}{aside}" if one["pairs_used"] else ""),
        ("Tolerance", _percent(one["tolerance"])),
        ("Finds a change of", _percent(one["detectable"])),
        ("History", f"{one['history']} degrees of freedom" if one["history"] else ""),
        ("Metric", f"{one['metric']} in {one['unit']}, {one['better']} is better"),
        ("Baseline", one["baseline"]["build"]),
        ("Current", one["current"]["build"]),
        ("Machine", _joined(one["current"]["environment"] or one["baseline"]["environment"])),
        ("Parameters", _joined(one["parameters"])),
    )
    shown = (f"<dt>{_text(what)}</dt><dd>{_text(told)}</dd>" for what, told in facts if told)
    return f"<dl>{''.join(shown)}</dl>"


def _spark(pairs: Sequence[float]) -> str:
    """A line through the pairs, and one at 0: what a row shows without a script."""
    if not pairs:
        return "<span></span>"
    low, high = min([*pairs, 0.0]), max([*pairs, 0.0])
    span = (high - low) or 1.0
    step = 100 / max(len(pairs) - 1, 1)
    points = " ".join(
        f"{step * place:.1f},{18 * (high - each) / span + 1:.1f}"
        for place, each in enumerate(pairs)
    )
    zero = 18 * high / span + 1
    return (
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        f'<line class="zero" x1="0" x2="100" y1="{zero:.1f}" y2="{zero:.1f}"/>'
        f'<polyline fill="none" class="estimate" points="{points}"/></svg>'
    )


def _rules(rules: Mapping[str, Any]) -> str:
    looks = ", ".join(map(str, rules["looks"]))
    tolerance, edge = (_percent(rules[name]).lstrip("+") for name in ("tolerance", "no_change"))
    told = (
        f"A benchmark may become slower by {tolerance} unless its row says otherwise; less than "
        f"{edge} is no change. All benchmarks together raise a false alarm in at most "
        f"{100 * rules['alarm_error']:g} % of comparisons. "
        + (f"Looked at after {looks} pairs." if looks else "Looked at once.")
    )
    return f'<footer><p class="soft">{_text(told)}</p></footer>'


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    lines = "".join(f"<li>{_text(each)}</li>" for each in items[:50])
    return f"<section><h2>{_text(title)}</h2><ul>{lines}</ul></section>"


def _interval(one: Mapping[str, Any]) -> str:
    if one["low"] is None or one["high"] is None:
        return ""
    return f"{_percent(one['low'])} to {_percent(one['high'])}"


def _percent(change: float | None) -> str:
    return "" if change is None else wording.percent(change if math.isfinite(change) else math.nan)


def _joined(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={text}" for name, text in values.items() if text)


def _data(benchmarks: Iterable[Mapping[str, Any]]) -> str:
    """What the script draws, as JSON in which no tag can end."""
    kept = [{name: each[name] for name in _KEPT} for each in benchmarks]
    text = json.dumps({"benchmarks": kept}, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _text(text: object) -> str:
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(text))
    return escape(shown)


def _class(name: object) -> str:
    return "".join(each for each in str(name) if each.isalnum() or each in "-_")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
