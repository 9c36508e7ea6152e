"""The picture: well-formed, alone, and with nothing in the way of anything else."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from tests.support.golden import Golden
from tests.support.pipelines import (
    HOSTILE,
    fleet,
    hostile,
    job,
    pipeline,
    pipelines,
    service,
    small,
)

from ci_gen.pipeline.graph import build
from ci_gen.pipeline.model import Pipeline
from ci_gen.render import svg
from ci_gen.render.spoken import printable
from ci_gen.render.svg_layout import arrange
from ci_gen.render.svg_style import style
from ci_gen.render.svg_text import text_width, wrap

NS = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


def parsed(plan: Pipeline) -> ElementTree.Element:
    return ElementTree.fromstring(svg.render(build(plan)))


def boxes(root: ElementTree.Element) -> list[Box]:
    """Left, top, right and bottom of every job's outline."""
    found = []
    for path in root.iter(f"{NS}path"):
        if path.get("class", "").startswith("box"):
            match = re.match(r"M(\d+) (\d+)h(\d+)([ql])", path.get("d", ""))
            assert match
            inset = 8 if match[4] == "q" else 11
            left, top = int(match[1]) - inset, int(match[2])
            height = int(re.search(r"v(\d+)", path.get("d", ""))[1]) + 2 * inset  # type: ignore[index]
            found.append((left, top, left + int(match[3]) + 2 * inset, top + height))
    return found


def points(d: str) -> list[tuple[float, float]]:
    """Points along an edge, close to one another."""
    match = re.fullmatch(r"M(\S+) (\S+)V(\S+)C(\S+) (\S+) (\S+) (\S+) (\S+) ([^V]+)(?:V(\S+))?", d)
    assert match, d
    x, y, base, x1, y1, x2, y2, x3, y3 = map(float, match.groups()[:9])
    line = [(x, y + (base - y) * t / 20) for t in range(21)]
    for step in range(41):
        t = step / 40
        a, b, c, e = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        line.append((a * x + b * x1 + c * x2 + e * x3, a * base + b * y1 + c * y2 + e * y3))
    if match[10]:
        line += [(x3, y3 + (float(match[10]) - y3) * t / 20) for t in range(21)]
    return line


@pytest.mark.parametrize("make", [service, fleet])
def test_golden(make: object, golden: Golden) -> None:
    name = make.__name__  # type: ignore[attr-defined]
    golden(f"graph/{name}.svg", svg.render(build(make())))  # type: ignore[operator]


@given(pipelines(most=24))
@settings(max_examples=40)
def test_no_edge_runs_through_a_box_and_no_box_over_another(plan: Pipeline) -> None:
    root = parsed(plan)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    found = boxes(root)
    assert len(found) == len(list(plan.jobs()))
    for index, (left, top, right, bottom) in enumerate(found):
        assert left >= 30 and right <= width - 8 and top > 0 and bottom < height
        for other in found[index + 1 :]:
            apart_x = left >= other[2] + 10 or other[0] >= right + 10
            assert apart_x or top >= other[3] + 20 or other[1] >= bottom + 20
    for path in root.iter(f"{NS}path"):
        if path.get("class", "").startswith("edge") and "C" in path.get("d", ""):
            for x, y in points(path.get("d", "")):
                assert 8 <= x <= width - 8
                assert not any(
                    left - 3 < x < right + 3 and top + 0.1 < y < bottom - 0.1
                    for left, top, right, bottom in found
                )


@given(pipelines(most=24))
@settings(max_examples=40)
def test_every_edge_can_be_followed_from_its_source_to_its_target(plan: Pipeline) -> None:
    graph = build(plan)
    layout = arrange(graph, columns=3, box=172, gap=22)
    assert sorted(item.owner for row in layout.rows for item in row if item.kind == "box") == (
        sorted(node.job.id for node in graph.nodes)
    )
    assert all(len([i for i in row if i.kind == "box"]) <= 3 for row in layout.rows)
    below: dict[object, list[object]] = {}
    for upper, lower in layout.segments:
        assert lower.row == upper.row + 1
        below.setdefault(upper, []).append(lower)

    def targets(item: object) -> set[str]:
        found: set[str] = set()
        for each in below.get(item, ()):
            found |= {each.owner} if each.kind == "box" else targets(each)  # type: ignore[attr-defined]
        return found

    for row in layout.rows:
        for item in row:
            if item.kind == "box":
                assert targets(item) == {e.target for e in graph.drawn if e.source == item.owner}


@given(pipelines(most=24))
@settings(max_examples=40)
def test_items_of_a_row_keep_their_order_and_distance(plan: Pipeline) -> None:
    layout = arrange(build(plan), columns=3, box=172, gap=22)
    for row in layout.rows:
        for left, right in pairwise(row):
            both = left.kind == right.kind == "box"
            assert layout.x[right] - layout.x[left] >= (172 + 22 if both else 12)


def test_jobs_that_wait_for_the_same_jobs_share_a_hub() -> None:
    first = [job("a"), job("b")]
    then = [job(f"c{number}", needs=["a", "b"]) for number in range(4)]
    layout = arrange(build(pipeline(*first, *then)), columns=3, box=172, gap=22)
    hubs = [item for row in layout.rows for item in row if item.kind == "hub"]
    assert len(hubs) == 1
    assert [lower for _, lower in layout.segments].count(hubs[0]) == 2


def test_the_picture_stands_alone_and_follows_the_screen() -> None:
    text = svg.render(build(service()))
    assert not re.search(r"<script|<image|<use|href|@import|url\(|foreignObject|\son\w+=", text)
    assert text.count("http") == 1
    assert "prefers-color-scheme:dark" in text
    assert "system-ui" in text


def test_both_colour_schemes_colour_the_same_things_with_contrast() -> None:
    light, dark = style().split("@media (prefers-color-scheme:dark)")
    names = r"([.\w,]+)\{(?:fill|stroke):#"
    assert set(re.findall(names, dark)) <= set(re.findall(names, light))

    def shine(sheet: str, name: str) -> float:
        value = re.search(rf"\.{name}\{{fill:#(\w+)", sheet)
        assert value
        parts = [int(value[1][at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for sheet in (light, dark):
        for ink in ("ink", "muted"):
            for ground in ("page", "band", "box"):
                low, high = sorted((shine(sheet, ink), shine(sheet, ground)))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)


def test_those_who_cannot_see_it_are_told() -> None:
    root = parsed(small())
    assert root.get("role") == "img"
    ids = root.get("aria-labelledby", "").split()
    told = {each.get("id"): each.text for each in root if each.get("id")}
    assert set(ids) == set(told)
    said = told["ci-gen-description"] or ""
    assert "Critical path: Quick checks, then CPU build of chat, then" in said
    assert "Step 1: What changed (18 s) and Quick checks (42 s)." in said


def test_hostile_names_are_text() -> None:
    root = parsed(hostile())
    allowed = {"svg", "title", "desc", "style", "rect", "path", "g", "text", "circle"}
    assert {each.tag.removeprefix(NS) for each in root.iter()} <= allowed
    titles = [each.text or "" for each in root.iter(f"{NS}title")]
    for name in HOSTILE[1:]:
        assert any(text.startswith(printable(f"{name}: ")) for text in titles)


def test_labels_fit_their_boxes_by_the_widest_fonts_measure() -> None:
    root = parsed(hostile())
    for group in root.iter(f"{NS}g"):
        for label in group.findall(f"{NS}text"):
            if label.get("class") == "job ink":
                assert text_width(label.text or "", 13, bold=True) <= 172 - 24


@pytest.mark.parametrize(
    ("text", "lines", "expected"),
    [
        ("short", 2, ("short",)),
        ("two words here", 2, ("two words", "here")),
        ("integration-tests-chat", 3, ("integration-", "tests-chat")),
        ("one two three four five six", 1, ("one two thre…",)),
        ("Donaudampfschifffahrt", 2, ("Donaudampfs", "chifffahrt")),
        ("", 1, ("",)),
    ],
)
def test_labels_break_where_a_reader_would(text: str, lines: int, expected: object) -> None:
    assert wrap(text, 90, 12, bold=False, lines=lines) == expected


def test_the_same_graph_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    import os
    import subprocess
    import sys

    code = (
        "from tests.support.pipelines import fleet\nfrom ci_gen.pipeline.graph import build\n"
        "from ci_gen.render import svg\nimport sys\n"
        "sys.stdout.buffer.write(svg.render(build(fleet())).encode())"
    )
    path = os.pathsep.join(each for each in sys.path if each)
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{os.curdir}{os.pathsep}{path}"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_a_pipeline_without_jobs_is_drawn_too() -> None:
    assert not boxes(parsed(pipeline()))
