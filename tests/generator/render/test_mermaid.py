"""The Mermaid flowchart: a small grammar of what may stand in it, and nothing else."""

from __future__ import annotations

import html
import re

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
from ci_gen.render.mermaid import render
from ci_gen.render.spoken import printable

_LABEL = r'"(?:[A-Za-z0-9 .,≈×-]|#\d+;|<br/>)*"'
_LINES = re.compile(
    "|".join(
        (
            r"flowchart TB",
            rf"  subgraph s\d+\[{_LABEL}\]",
            rf"    j\d+\[{_LABEL}\]",
            rf"    j\d+\{{\{{{_LABEL}\}}\}}",
            r"  end",
            r"  j\d+ (?:-->|==>) j\d+",
            r"  classDef (?:job|gpu|gate|critical) [a-z0-9:#,-]+",
            r"  class j\d+(?:,j\d+)* (?:job|gpu|gate|critical)",
            r"  linkStyle \d+(?:,\d+)* [a-z0-9:#,-]+",
        )
    )
)


@pytest.mark.parametrize("make", [service, fleet])
def test_golden(make: object, golden: Golden) -> None:
    name = make.__name__  # type: ignore[attr-defined]
    golden(f"graph/{name}.mmd", render(build(make())))  # type: ignore[operator]


def test_no_name_can_say_anything_to_mermaid() -> None:
    text = render(build(hostile()))
    assert not [line for line in text.splitlines() if not _LINES.fullmatch(line)]
    shown = html.unescape(re.sub(r"#(\d+);", r"&#\1;", text))
    for name in HOSTILE:
        assert printable(name) in shown


@given(pipelines())
@settings(max_examples=40)
def test_every_job_and_every_drawn_edge_is_there(plan: Pipeline) -> None:
    graph = build(plan)
    text = render(graph)
    assert not [line for line in text.splitlines() if not _LINES.fullmatch(line)]
    ids = {node.job.id: f"j{number}" for number, node in enumerate(graph.nodes, 1)}
    links = re.findall(r"^  (j\d+) (-->|==>) (j\d+)$", text, re.MULTILINE)
    assert links == [
        (ids[e.source], "==>" if e.critical else "-->", ids[e.target]) for e in graph.drawn
    ]
    assert sorted(re.findall(r"^    (j\d+)[\[{]", text, re.MULTILINE)) == sorted(ids.values())
    styled = re.search(r"linkStyle ([\d,]+)", text)
    chosen = [links[int(number)] for number in styled[1].split(",")] if styled else []
    assert chosen == [link for link in links if link[1] == "==>"]


def test_gates_and_gpu_jobs_have_their_class() -> None:
    lines = render(build(service())).splitlines()
    assert '    j10{{"Quality gate of chat<br/>≈ 14 min<br/>gate, GPU, not for forks"}}' in lines
    assert "  class j8 gpu" in lines
    assert "  class j10,j11 gate" in lines


def test_a_single_job_needs_no_links() -> None:
    assert "linkStyle" not in render(build(pipeline(job("a"))))
    assert render(build(small())) == render(build(small()))
