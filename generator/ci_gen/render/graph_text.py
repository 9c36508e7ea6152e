"""The graph as a table for a terminal: steps from top to bottom, time from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ci_gen.pipeline.graph import Graph, Node
from ci_gen.render.graph_marks import headline, marks
from ci_gen.render.spoken import cell_width, cells, printable, rough

_LEAST_WIDTH = 40
_LEAST_BAR, _MOST_BAR, _LEAST_NOTES = 12, 40, 28
_ASCII = {"≈": "~", "×": "x", "·": ",", "…": "..."}


@dataclass(frozen=True)
class _Pen:
    """What lines, marks and bars are drawn with."""

    line: str
    rule: str
    cross: str
    critical: str
    other: str
    long_bar: str
    bar: str
    ascii_only: bool = False

    def text(self, text: str) -> str:
        """`text` on one line, without what the terminal would obey or cannot show."""
        flat = printable(text)
        if not self.ascii_only or flat.isascii():
            return flat
        return "".join(
            char if char.isascii() else _ASCII.get(char, "?" * cell_width(char)) for char in flat
        )


_BOX = _Pen("│", "─", "┼", "●", "○", "━", "─")
_PLAIN = _Pen("|", "-", "+", "*", "o", "=", "-", ascii_only=True)


@dataclass(frozen=True)
class _Table:
    """The widths of the columns; 0 for one that there is no room for.

    Without room for a column of notes they stand below each job.
    """

    step: int
    job: int
    stage: int
    time: int
    bar: int
    notes: int
    total: int

    @property
    def columns(self) -> tuple[int, ...]:
        """The widths of those that are shown."""
        every = (self.step, self.job, self.stage, self.time, self.bar, self.notes)
        return tuple(width for width in every if width)


def render(graph: Graph, *, width: int = 100, ascii_only: bool = False) -> str:
    """The graph in lines of at most `width` columns (40 at least), ASCII alone if wanted."""
    pen = _PLAIN if ascii_only else _BOX
    width = max(width, _LEAST_WIDTH)
    table = _table(graph, width, pen)
    out: list[str] = []
    for text in (graph.pipeline.name, *headline(graph)):
        out += _wrapped(pen.text(text), width)
    out += ["", *_heading(graph, table, pen)]
    for number, level in enumerate(graph.levels, 1):
        out.append(_rule(table, pen))
        for index, node in enumerate(level):
            out += _job(graph, node, "" if index else str(number), table, pen)
    out += ["", *_footer(graph, pen, width)]
    return "\n".join(line.rstrip() for line in out) + "\n"


def _table(graph: Graph, width: int, pen: _Pen) -> _Table:
    def widest(texts: Sequence[str], title: str) -> int:
        return max(cells(title), *(cells(pen.text(text)) for text in texts), 0)

    time = widest([rough(node.seconds, node.measured) for node in graph.nodes], "time")
    job = max(8, widest([node.job.id for node in graph.nodes], "job"))
    step = max(4, len(str(len(graph.levels))) + 2)
    stage = widest([node.stage.title for node in graph.nodes], "stage")
    gap = 3
    room = width - step - (job + gap) - (time + gap)
    shown_stage = 0
    if room - (stage + gap) >= _LEAST_BAR + _LEAST_NOTES + 2 * gap:
        room -= stage + gap
        shown_stage = stage
    bar = notes = 0
    if room >= _LEAST_BAR + _LEAST_NOTES + 2 * gap:
        bar = min(_MOST_BAR, max(_LEAST_BAR, (room - 2 * gap) * 2 // 5))
        notes = room - 2 * gap - bar
    elif room >= _LEAST_BAR + gap:
        bar = min(_MOST_BAR, room - gap)
    # A name that is too long for the terminal breaks into several lines.
    job = max(8, min(job, width - step - 2 * gap - time))
    return _Table(step, job, shown_stage, time, bar, notes, width)


def _heading(graph: Graph, table: _Table, pen: _Pen) -> list[str]:
    known = graph.measured == len(graph.nodes)
    end = pen.text(rough(graph.length, known))
    scale = "0" + end.rjust(table.bar - 1)
    titles = ["step", "job"]
    titles += ["stage"] if table.stage else []
    titles += ["time"]
    titles += [scale if len(scale) == table.bar else "when"] if table.bar else []
    titles += ["notes"] if table.notes else []
    return [_line([[title] for title in titles], table, pen, 0)]


def _rule(table: _Table, pen: _Pen) -> str:
    return f"{pen.rule}{pen.cross}{pen.rule}".join(pen.rule * width for width in table.columns)


def _line(cols: Sequence[Sequence[str]], table: _Table, pen: _Pen, number: int) -> str:
    """Line `number` of a row whose columns hold several lines each."""
    parts = []
    for lines, width in zip(cols, table.columns, strict=True):
        text = lines[number] if number < len(lines) else ""
        parts.append(text + " " * (width - cells(text)))
    return f" {pen.line} ".join(parts)


def _job(graph: Graph, node: Node, step: str, table: _Table, pen: _Pen) -> list[str]:
    mark = pen.critical if node.critical else pen.other
    cols = [[f"{step:>{table.step - 2}} {mark}"], _wrapped(pen.text(node.job.id), table.job)]
    if table.stage:
        cols.append(_wrapped(pen.text(node.stage.title), table.stage))
    cols.append([pen.text(rough(node.seconds, node.measured)).rjust(table.time)])
    if table.bar:
        cols.append([_bar(graph, node, table.bar, pen)])
    notes = _notes(graph, node, pen)
    if table.notes:
        cols.append([line for note in notes for line in _wrapped(note, table.notes)])
    height = max(len(lines) for lines in cols)
    out = [_line(cols, table, pen, number) for number in range(height)]
    if not table.notes:
        indent = " " * 8
        for note in notes:
            out += [indent + line for line in _wrapped(note, table.total - len(indent))]
    return out


def _bar(graph: Graph, node: Node, width: int, pen: _Pen) -> str:
    """From when to when the job runs, on a scale as long as the pipeline takes."""
    if not graph.length:
        return ""
    start = min(int(node.start / graph.length * width), width - 1)
    end = max(round(node.finish / graph.length * width), start + 1)
    return " " * start + (pen.long_bar if node.critical else pen.bar) * (end - start)


def _notes(graph: Graph, node: Node, pen: _Pen) -> list[str]:
    notes = []
    found = marks(node)
    if found:
        notes.append(pen.text(", ".join(mark.text for mark in found)))
    needs = [edge.source for edge in graph.drawn if edge.target == node.job.id]
    if needs:
        notes.append("after " + pen.text(", ".join(needs)))
    return notes


def _footer(graph: Graph, pen: _Pen, width: int) -> list[str]:
    lines = [f"{pen.critical} on the critical path: {' -> '.join(graph.critical)}"]
    lines.append("The jobs of one step can run at the same time.")
    if graph.measured < len(graph.nodes):
        lines.append("≈ expected, not measured")
    for each in graph.pipeline.environments:
        waiting = [job.id for job in graph.pipeline.jobs() if job.approval == each.name]
        text = f"environment {each.name} ({each.tier})"
        lines.append(f"{text}: approves {', '.join(waiting)}" if waiting else text)
    return [line for text in lines for line in _wrapped(pen.text(text), width)]


def _wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns, broken at blanks or, where none is, anywhere."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cells(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if cells(lines[-1] + char) > width:
                lines.append("")
            lines[-1] += char
    return lines
