"""Where the boxes of a layered drawing stand and which way its edges take.

Layers run from top to bottom, which suits the narrow screen of a phone: a level with more
boxes than fit side by side takes several rows. An edge that passes a row gets a slot of its
own between the boxes there, so that no edge crosses a box. Edges that leave one box, or
meet at one box, share a slot on their way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ci_gen.pipeline.graph import Edge, Graph, Node
from ci_gen.render.svg_spacing import Item, Layout, Neighbours, Segment, Spacing

_SWEEPS = 8


def arrange(graph: Graph, *, columns: int, box: int, gap: int) -> Layout:
    """Lay out `graph` with at most `columns` boxes of width `box` side by side."""
    split = [row for level in graph.levels for row in _split(level, columns)]
    row_of = {node.job.id: number for number, row in enumerate(split) for node in row}
    groups = _groups(graph.drawn)
    hub_rows = sorted({max(row_of[source] for source in sources) for sources in groups.values()})
    # A hub takes a row of its own below the last of its sources.
    homes = {job: Item(row + bisect_left(hub_rows, row), job) for job, row in row_of.items()}
    links = _links(graph.drawn, homes, groups)
    segments, critical = _route(links)
    order = _order(_fill(homes, segments), segments)
    x, width = Spacing(box, gap, critical).place(order, segments)
    return Layout(tuple(map(tuple, order)), x, width, segments, critical)


def _split(level: Sequence[Node], columns: int) -> list[list[Node]]:
    """The rows of a level: stages stay together, and a long stage is shared out evenly."""
    stages: dict[str, list[Node]] = {}
    for node in level:
        stages.setdefault(node.stage.id, []).append(node)
    rows: list[list[Node]] = []
    for members in stages.values():
        if rows and len(rows[-1]) + len(members) <= columns:
            rows[-1].extend(members)
            continue
        count = -(-len(members) // columns)
        size, larger = divmod(len(members), count)
        start = 0
        for number in range(count):
            end = start + size + (number < larger)
            rows.append(members[start:end])
            start = end
    return rows


def _groups(edges: Sequence[Edge]) -> dict[str, tuple[str, ...]]:
    """The targets that wait for the same several jobs as others do, with these jobs.

    Their edges run together through one hub: that every source leads to every target is
    the same thing said with fewer lines.
    """
    sources: dict[str, tuple[str, ...]] = {}
    for edge in edges:
        sources[edge.target] = (*sources.get(edge.target, ()), edge.source)
    sources = {target: tuple(sorted(each)) for target, each in sources.items()}
    together: dict[tuple[str, ...], int] = {}
    for each in sources.values():
        together[each] = together.get(each, 0) + 1
    return {
        target: each
        for target, each in sources.items()
        if len(each) * together[each] > len(each) + together[each]
    }


def _links(
    edges: Sequence[Edge], homes: Mapping[str, Item], groups: Mapping[str, tuple[str, ...]]
) -> dict[Segment, bool]:
    """What is to be joined, boxes and hubs, and whether the critical path runs there."""
    links: dict[Segment, bool] = {}
    hubs: dict[tuple[str, ...], Item] = {}
    for edge in edges:
        source, target = homes[edge.source], homes[edge.target]
        steps = [(source, target)]
        if edge.target in groups:
            sources = groups[edge.target]
            below = max(homes[job].row for job in sources) + 1
            hub = hubs.setdefault(sources, Item(below, edge.target, "hub"))
            steps = [(source, hub), (hub, target)]
        for step in steps:
            links[step] = links.get(step, False) or edge.critical
    return links


def _route(links: Mapping[Segment, bool]) -> tuple[tuple[Segment, ...], frozenset[Segment]]:
    """The segments of all links, and those of the critical path."""
    leaving: dict[Item, int] = {}
    coming: dict[Item, int] = {}
    for source, target in links:
        leaving[source] = leaving.get(source, 0) + 1
        coming[target] = coming.get(target, 0) + 1
    segments: dict[Segment, bool] = {}
    for (source, target), critical in links.items():
        outward = leaving[source] >= coming[target]
        end = source if outward else target
        kind = f"{end.kind} {'out' if outward else 'in'}"
        # The critical path keeps to itself: it must stay in sight among the others.
        if critical:
            kind = f"{end.kind} critical {'out' if outward else 'in'}"
        between = range(source.row + 1, target.row)
        way = [source, *(Item(row, end.owner, kind) for row in between), target]
        for segment in pairwise(way):
            segments[segment] = segments.get(segment, False) or critical
    return tuple(segments), frozenset(each for each, critical in segments.items() if critical)


def _fill(homes: Mapping[str, Item], segments: Sequence[Segment]) -> list[list[Item]]:
    """All items by row: the boxes in the plan's order, then the slots."""
    items = dict.fromkeys(homes.values())
    for segment in segments:
        items.update(dict.fromkeys(segment))
    rows: list[list[Item]] = [[] for _ in range(max((item.row for item in items), default=-1) + 1)]
    for item in items:
        rows[item.row].append(item)
    return rows


def _order(rows: list[list[Item]], segments: Sequence[Segment]) -> list[list[Item]]:
    """The rows with each item near the middle of its neighbours, crossings made few."""
    near = Neighbours(segments)
    best, fewest = rows, _crossings(rows, near)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        rows = [list(row) for row in rows]
        downward = sweep % 2 == 0
        numbers = range(1, len(rows)) if downward else range(len(rows) - 2, -1, -1)
        for number in numbers:
            fixed = rows[number - 1 if downward else number + 1]
            rows[number] = _by_barycentre(
                rows[number], fixed, near.above if downward else near.below
            )
        _swap(rows, near)
        crossings = _crossings(rows, near)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _by_barycentre(
    row: list[Item], fixed: Sequence[Item], neighbours: Mapping[Item, list[Item]]
) -> list[Item]:
    place = {item: (index + 0.5) / len(fixed) for index, item in enumerate(fixed)}
    own = {item: (index + 0.5) / len(row) for index, item in enumerate(row)}

    def middle(item: Item) -> float:
        around = neighbours.get(item)
        return sum(place[n] for n in around) / len(around) if around else own[item]

    return sorted(row, key=middle)


def _swap(rows: list[list[Item]], near: Neighbours) -> None:
    """Exchange neighbours in a row wherever that saves a crossing."""
    for number, row in enumerate(rows):
        around = [
            (_places(rows[number - 1]), near.above) if number else None,
            (_places(rows[number + 1]), near.below) if number + 1 < len(rows) else None,
        ]
        sides = [each for each in around if each]
        for index in range(len(row) - 1):
            left, right = row[index], row[index + 1]
            saved = 0
            for place, neighbours in sides:
                ours = [place[n] for n in neighbours.get(left, ())]
                theirs = [place[n] for n in neighbours.get(right, ())]
                saved += sum((a > b) - (a < b) for a in ours for b in theirs)
            if saved > 0:
                row[index], row[index + 1] = right, left


def _places(row: Sequence[Item]) -> dict[Item, int]:
    return {item: index for index, item in enumerate(row)}


def _crossings(rows: Sequence[Sequence[Item]], near: Neighbours) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        place = _places(lower)
        ends = [sorted(place[n] for n in near.below.get(item, ())) for item in upper]
        passed: list[int] = []
        for each in ends:
            count += sum(earlier > end for end in each for earlier in passed)
            passed += each
    return count
