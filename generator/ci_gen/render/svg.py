"""The graph as one standalone SVG picture: no script, no reference to anything outside.

Read from top to bottom; the jobs of one numbered band can run at the same time. The same
graph gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ci_gen.pipeline.graph import Graph, Node
from ci_gen.render.graph_marks import Mark, headline, marks
from ci_gen.render.spoken import counted, duration, joined, printable, rough
from ci_gen.render.svg_layout import arrange
from ci_gen.render.svg_legend import legend
from ci_gen.render.svg_spacing import Item, Layout
from ci_gen.render.svg_style import STAGE_COLOURS, style
from ci_gen.render.svg_text import flow, text_width, wrap

_COLUMNS = 3
_BOX = 172
_GAP = 22
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 18, 20, 18
_BAND = 14
_NARROWEST = 344
_INSET = 12
_LINE = 17
_PILL = 18


@dataclass(frozen=True)
class _Card:
    """The box of one job with its text already broken into lines."""

    node: Node
    stage: int
    lines: tuple[str, ...]
    caption: tuple[str, ...]
    pills: tuple[tuple[Mark, str, float, int, float], ...]

    @property
    def height(self) -> int:
        rows = 1 + max((line for *_, line, _ in self.pills), default=-1)
        return 20 + _LINE * (len(self.lines) + len(self.caption)) + (_PILL + 4) * rows


def render(graph: Graph) -> str:
    """The picture of `graph` as the text of an SVG file."""
    layout = arrange(graph, columns=_COLUMNS, box=_BOX, gap=_GAP)
    width = max(layout.width, _NARROWEST) + _LEFT + _RIGHT
    shift = (width - _LEFT - _RIGHT - layout.width) // 2 + _LEFT
    cards = {node.job.id: _card(graph, node) for node in graph.nodes}
    head, y = _head(graph, width)
    tops, heights, y = _rows(layout, cards, y)
    edges = _edges(layout, shift, tops, heights, cards)
    boxes = [
        _draw(cards[item.owner], layout.x[item] + shift - _BOX // 2, tops[item.row])
        for row in layout.rows
        for item in row
        if item.kind == "box"
    ]
    below, y = legend(graph, x=_RIGHT, y=y + 22, room=width - 2 * _RIGHT)
    height = y + _BOTTOM
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" '
            'aria-labelledby="ci-gen-title ci-gen-description">',
            f'<title id="ci-gen-title">{_text(f"Pipeline {graph.pipeline.name}")}</title>',
            f'<desc id="ci-gen-description">{_text(describe(graph))}</desc>',
            f"<style>{style()}</style>",
            f'<rect class="page" width="{width}" height="{height}" rx="8"/>',
            *head,
            *_bands(graph, layout, tops, heights, width),
            *edges,
            *boxes,
            *below,
            "</svg>",
            "",
        ]
    )


def describe(graph: Graph) -> str:
    """The picture in words, for those who cannot see it."""
    steps = []
    for number, level in enumerate(graph.levels, 1):
        names = joined([f"{node.job.title} ({duration(node.seconds)})" for node in level])
        steps.append(f"Step {number}: {names}.")
    titles = {node.job.id: node.job.title for node in graph.nodes}
    path = ", then ".join(titles[job] for job in graph.critical)
    return " ".join([". ".join(headline(graph)) + ".", *steps, f"Critical path: {path}."])


def _text(text: str) -> str:
    return escape(printable(text))


def _card(graph: Graph, node: Node) -> _Card:
    room = _BOX - 2 * _INSET
    title = wrap(printable(node.job.title), room, 13, bold=True, lines=3)
    time = rough(node.seconds, node.measured)
    stage = printable(node.stage.title)
    same = stage == printable(node.job.title)
    caption = wrap(time if same else f"{stage} · {time}", room, 12, bold=False, lines=9)
    if len(caption) > 1:
        caption = (*wrap(stage, room, 12, bold=False, lines=2), time)
    labels = [(mark, wrap(mark.text, room - 12, 11, bold=True, lines=1)[0]) for mark in marks(node)]
    widths = [text_width(label, 11, bold=True) + 12 for _, label in labels]
    places = flow(widths, room, 5)
    return _Card(
        node,
        graph.pipeline.stages.index(node.stage) % STAGE_COLOURS,
        title,
        caption,
        tuple(
            (mark, label, pill, line, x)
            for (mark, label), pill, (line, x) in zip(labels, widths, places, strict=True)
        ),
    )


def _head(graph: Graph, width: int) -> tuple[list[str], int]:
    room = width - 2 * _RIGHT
    y = _TOP
    out = []
    for line in wrap(printable(graph.pipeline.name), room, 18, bold=True, lines=2):
        y += 20
        out.append(f'<text class="name ink" x="{_RIGHT}" y="{y}">{escape(line)}</text>')
    y += 4
    for fact in headline(graph):
        for line in wrap(fact, room, 13, bold=False, lines=3):
            y += 18
            out.append(f'<text class="facts muted" x="{_RIGHT}" y="{y}">{escape(line)}</text>')
    return out, y + 16


def _rows(layout: Layout, cards: dict[str, _Card], y: int) -> tuple[list[int], list[int], int]:
    """Top and height of each row, and the lower end of the last one's band."""
    tops: list[int] = []
    heights: list[int] = []
    y += _BAND
    for number, row in enumerate(layout.rows):
        tops.append(y)
        boxes = [cards[item.owner].height for item in row if item.kind == "box"]
        heights.append(max(boxes, default=0))
        y += heights[-1]
        if number + 1 < len(layout.rows):
            y += _channel(layout, number)
    return tops, heights, (tops[-1] + heights[-1] + _BAND if tops else y)


def _channel(layout: Layout, row: int) -> int:
    """The height of the room for edges below a row: more where they run far sideways."""
    reach = [
        abs(layout.x[upper] - layout.x[lower])
        for upper, lower in layout.segments
        if upper.row == row
    ]
    to_hubs = any(lower.kind == "hub" for lower in layout.rows[row + 1])
    return (30 if to_hubs else 42) + min(24, max(reach, default=0) // 12)


def _bands(
    graph: Graph, layout: Layout, tops: Sequence[int], heights: Sequence[int], width: int
) -> list[str]:
    """The numbered background of each level."""
    level_of = {node.job.id: node.level for node in graph.nodes}
    spans: dict[int, tuple[int, int]] = {}
    for number, row in enumerate(layout.rows):
        level = next((level_of[item.owner] for item in row if item.kind == "box"), None)
        if level is None:
            continue
        first = spans.get(level, (tops[number], 0))[0]
        spans[level] = (first, tops[number] + heights[number])
    out = []
    for level, (top, end) in spans.items():
        y = top - _BAND
        out += [
            f'<rect class="band" x="8" y="{y}" width="{width - 16}" '
            f'height="{end - top + 2 * _BAND}" rx="10"/>',
            f'<text class="step muted" x="23" y="{y + 22}">{level + 1}</text>',
        ]
    return out


def _edges(
    layout: Layout,
    shift: int,
    tops: Sequence[int],
    heights: Sequence[int],
    cards: dict[str, _Card],
) -> list[str]:
    """The edges; the critical ones last, so that they lie on top."""

    def leaves(item: Item) -> int:
        height = cards[item.owner].height if item.kind == "box" else heights[item.row]
        return tops[item.row] + height

    out: dict[bool, list[str]] = {False: [], True: []}
    for segment in sorted(layout.segments):
        upper, lower = segment
        critical = segment in layout.critical
        extra = " critical" if critical else ""
        x, y = layout.x[upper] + shift, leaves(upper)
        to_x, to_y = layout.x[lower] + shift, tops[lower.row]
        arrives = lower.kind == "box"
        stop = to_y - 7 if arrives else to_y
        # The bend lies below the row, whatever the height of the box that the edge leaves.
        base = tops[upper.row] + heights[upper.row]
        half = (base + stop) / 2
        path = f"M{x} {y}V{base}C{x} {half:g} {to_x} {half:g} {to_x} {stop}"
        if not arrives:
            path += f"V{to_y + heights[lower.row]}"
        out[critical].append(f'<path class="edge{extra}" d="{path}"/>')
        if arrives:
            tip = f"M{to_x - 5} {to_y - 8}h10l-5 8z"
            out[critical].append(f'<path class="tip{extra}" d="{tip}"/>')
    hubs = dict.fromkeys(lower for _, lower in layout.segments if lower.kind == "hub")
    critical_hubs = {lower for _, lower in layout.critical}
    for hub in hubs:
        extra = " critical" if hub in critical_hubs else ""
        out[hub in critical_hubs].append(
            f'<circle class="tip{extra}" cx="{layout.x[hub] + shift}" cy="{tops[hub.row]}" r="4"/>'
        )
    return [*out[False], *out[True]]


def _draw(card: _Card, x: int, y: int) -> str:
    node, height = card.node, card.height
    extra = " critical" if node.critical else ""
    out = [
        f"<g><title>{_text(_tooltip(node))}</title>",
        f'<path class="box{extra}" d="{_outline(x, y, height, node.job.gate)}"/>',
        f'<rect class="s{card.stage}" x="{x + 5}" y="{y + 11}" width="3" '
        f'height="{height - 22}" rx="1.5"/>',
    ]
    left, line = x + _INSET + 2, y + 7
    for text in card.lines:
        line += _LINE
        out.append(f'<text class="job ink" x="{left}" y="{line}">{escape(text)}</text>')
    for text in card.caption:
        line += _LINE
        out.append(f'<text class="muted" x="{left}" y="{line}">{escape(text)}</text>')
    for mark, label, width, row, offset in card.pills:
        top = line + 8 + row * (_PILL + 4)
        out += [
            f'<rect class="pill {mark.kind}" x="{left + offset:.1f}" y="{top}" '
            f'width="{width:.1f}" height="{_PILL}" rx="9"/>',
            f'<text class="mark {mark.kind}" x="{left + offset + width / 2:.1f}" '
            f'y="{top + 13}">'
            f"{escape(label)}</text>",
        ]
    return "".join([*out, "</g>"])


def _outline(x: int, y: int, height: int, gate: bool) -> str:
    """A rounded box, or one with its corners cut off for a gate."""
    if gate:
        cut = 11
        return (
            f"M{x + cut} {y}h{_BOX - 2 * cut}l{cut} {cut}v{height - 2 * cut}l-{cut} {cut}"
            f"h-{_BOX - 2 * cut}l-{cut} -{cut}v-{height - 2 * cut}z"
        )
    return (
        f"M{x + 8} {y}h{_BOX - 16}q8 0 8 8v{height - 16}q0 8 -8 8h-{_BOX - 16}"
        f"q-8 0 -8 -8v-{height - 16}q0 -8 8 -8z"
    )


def _tooltip(node: Node) -> str:
    slack = "on the critical path" if node.critical else f"{duration(node.slack)} to spare"
    runs = f", {counted(node.runs, 'run')} side by side" if node.runs > 1 else ""
    return (
        f"{node.job.id}: {node.job.why} {rough(node.seconds, node.measured)}{runs}, "
        f"starts after {duration(node.start)}, {slack}."
    )
