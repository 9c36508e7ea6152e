"""The table for a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.golden import Golden
from tests.support.pipelines import fleet, hostile, job, pipeline, pipelines, service, small

from ci_gen.pipeline.graph import build
from ci_gen.pipeline.model import Pipeline
from ci_gen.render.graph_text import render
from ci_gen.render.spoken import cells


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("make", [service, fleet])
def test_golden(make: object, width: int, golden: Golden) -> None:
    name = make.__name__  # type: ignore[attr-defined]
    graph = build(make())  # type: ignore[operator]
    golden(f"graph/{name}-{width}.txt", render(graph, width=width))


def test_golden_ascii(golden: Golden) -> None:
    text = render(build(service()), width=100, ascii_only=True)
    assert text.isascii()
    golden("graph/service-ascii.txt", text)


@given(pipelines(), st.integers(40, 200), st.booleans())
@settings(max_examples=40)
def test_no_line_is_wider_than_the_terminal_and_every_job_is_there(
    plan: Pipeline, width: int, ascii_only: bool
) -> None:
    graph = build(plan)
    text = render(graph, width=width, ascii_only=ascii_only)
    lines = text.splitlines()
    assert max(map(cells, lines)) <= width
    assert not [line for line in lines if line != line.rstrip()]
    mark = "*" if ascii_only else "●"
    shown = re.findall(r"^ *\d* (\S) [│|] (job-\d+)", text, re.MULTILINE)
    assert sorted(name for _, name in shown) == sorted(node.job.id for node in graph.nodes)
    assert {name for sign, name in shown if sign == mark} == set(graph.critical)


def test_columns_stand_below_one_another() -> None:
    text = render(build(service()), width=120)
    table = [line for line in text.splitlines() if "│" in line]
    columns = {tuple(m.start() for m in re.finditer("│", line)) for line in table}
    full = max(columns, key=len)
    assert all(each == full[: len(each)] for each in columns)


def test_bars_show_what_overlaps() -> None:
    plan = pipeline(
        job("a", minutes=10), job("b", minutes=5), job("c", needs=["b"], minutes=15),
        job("zero", minutes=0),
    )  # fmt: skip
    table = [
        [cell[1:].rstrip() for cell in line.split("|")]
        for line in render(build(plan), width=80, ascii_only=True).splitlines()
    ]
    column = next(row.index("time") for row in table if "time" in row) + 1
    bars = {row[1]: row[column] for row in table if len(row) > column}
    assert bars["b"] == "=" * len(bars["b"])
    assert len(bars["a"]) == pytest.approx(2 * len(bars["b"]), abs=1)
    assert bars["a"].startswith("-")
    assert bars["c"].index("=") == pytest.approx(len(bars["b"]), abs=1)
    assert bars["zero"] == "-"


def test_hostile_names_stay_in_their_cells() -> None:
    for ascii_only in (False, True):
        text = render(build(hostile()), width=110, ascii_only=ascii_only)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text)
        assert max(map(cells, text.splitlines())) <= 110
        assert text.isascii() or not ascii_only


def test_measured_durations_are_not_called_expected() -> None:
    graph = build(small(), {job.id: 5 for job in small().jobs()})
    text = render(graph)
    assert "≈" not in text
    assert "durations measured" in text
    partly = render(build(small(), {"ci-ok": 5}))
    assert "durations of 1 of 5 jobs measured" in partly
    assert "≈ expected, not measured" in partly


def test_environments_say_who_waits_there() -> None:
    text = render(build(fleet()), width=120)
    assert "environment production (production): approves deploy-production" in text
    assert "environment staging (staging)\n" in text


def test_more_than_a_hundred_steps_keep_their_columns() -> None:
    chain = [job(f"j{n}", needs=[f"j{n - 1}"] if n else []) for n in range(120)]
    text = render(build(pipeline(*chain)), width=70)
    assert len({line.index("│") for line in text.splitlines() if "│" in line}) == 1
    assert max(map(cells, text.splitlines())) <= 70


def test_a_pipeline_without_jobs_or_time_is_drawn_too() -> None:
    assert "0 jobs in 0 stages" in render(build(pipeline()))
    assert "0 s" in render(build(pipeline(job("a", minutes=0))))
