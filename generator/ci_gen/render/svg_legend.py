"""The legend of the picture: only what occurs in it."""

from __future__ import annotations

from html import escape

from ci_gen.pipeline.graph import Graph
from ci_gen.pipeline.model import Stage
from ci_gen.render.graph_marks import marks
from ci_gen.render.spoken import printable
from ci_gen.render.svg_style import STAGE_COLOURS
from ci_gen.render.svg_text import flow, text_width, wrap

_LINE = 22
_SWATCH = 24

_MEANINGS = {
    "gate": "gate: may block a merge or release",
    "approval": "waits for an approval",
    "gpu": "on a GPU runner",
    "runs": "matrix rows, side by side",
    "forks": "does not run for forks",
}


def legend(graph: Graph, *, x: int, y: int, room: int) -> tuple[list[str], int]:
    """The lines of the legend from `y` on, and where it ends."""
    entries = [(_stage(index), printable(stage.title)) for index, stage in _stages(graph)]
    entries += _lines(graph)
    kinds = {mark.kind for node in graph.nodes for mark in marks(node)}
    entries += [(_pill(kind), text) for kind, text in _MEANINGS.items() if kind in kinds]
    entries.append((_number(), "jobs in one band can run at once"))
    if graph.measured < len(graph.nodes):
        entries.append(('<text class="ink" x="6" y="4">≈</text>', "expected, not measured"))
    labels = [wrap(text, room - _SWATCH, 12, bold=False, lines=1)[0] for _, text in entries]
    widths = [_SWATCH + text_width(label, 12) for label in labels]
    out = []
    end = y
    for (swatch, _), label, (line, left) in zip(
        entries, labels, flow(widths, room, 14), strict=True
    ):
        end = y + line * _LINE
        out.append(
            f'<g transform="translate({x + left:.1f} {end})">{swatch}'
            f'<text class="muted" x="{_SWATCH}" y="4">{escape(label)}</text></g>'
        )
    return out, end


def _stages(graph: Graph) -> list[tuple[int, Stage]]:
    return list(enumerate(graph.pipeline.stages))


def _stage(index: int) -> str:
    return f'<rect class="s{index % STAGE_COLOURS}" x="8" y="-7" width="4" height="14" rx="2"/>'


def _lines(graph: Graph) -> list[tuple[str, str]]:
    found = []
    if graph.drawn:
        found.append(('<path class="edge" d="M0 0H18"/>', "waits for"))
    if graph.critical:
        found.append(('<path class="edge critical" d="M0 0H18"/>', "critical path"))
    return found


def _pill(kind: str) -> str:
    return f'<rect class="pill {kind}" x="1" y="-6" width="17" height="12" rx="6"/>'


def _number() -> str:
    return (
        '<rect class="band" x="1" y="-8" width="17" height="16" rx="4"/>'
        '<text class="step muted" x="9.5" y="4">1</text>'
    )
