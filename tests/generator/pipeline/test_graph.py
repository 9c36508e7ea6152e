"""Levels, times, critical path and widths, checked against slow and simple definitions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from tests.support.pipelines import GPU, fleet, job, pipeline, pipelines, service, small

from ci_gen.errors import UsageError
from ci_gen.pipeline.graph import Graph, GraphError, build, restrict
from ci_gen.pipeline.model import Event, Matrix, Need, Pipeline


def paths(graph: Graph) -> list[list[str]]:
    """Every chain of jobs that nothing lengthens."""
    needs = {node.job.id: [n.job for n in node.job.needs] for node in graph.nodes}
    needed = {need for each in needs.values() for need in each}

    def back(job_id: str) -> list[list[str]]:
        return [[*path, job_id] for need in needs[job_id] for path in back(need)] or [[job_id]]

    return [path for job_id in needs if job_id not in needed for path in back(job_id)]


def test_a_chain_takes_as_long_as_its_jobs_together() -> None:
    graph = build(small())
    assert graph.critical == ("quick-checks", "build-cpu-chat", "integration-tests-chat", "ci-ok")
    assert graph.length == pytest.approx((0.7 + 12 + 6 + 0.2) * 60)
    assert graph.work == pytest.approx(graph.length + 0.3 * 60)
    assert (graph.width, graph.gpu_width) == (2, 0)
    assert [[node.job.id for node in level] for level in graph.levels] == [
        ["changes", "quick-checks"],
        ["build-cpu-chat"],
        ["integration-tests-chat"],
        ["ci-ok"],
    ]


def test_edges_that_follow_from_others_are_marked_and_keep_their_artifacts() -> None:
    graph = build(small())
    edges = {(edge.source, edge.target): edge for edge in graph.edges}
    assert edges["changes", "integration-tests-chat"].implied
    assert not edges["changes", "build-cpu-chat"].implied
    carried = edges["build-cpu-chat", "integration-tests-chat"]
    assert carried.artifacts == ("package-chat-cpu",)
    assert carried.critical
    assert [edge.source for edge in graph.drawn if edge.target == "ci-ok"] == [
        "integration-tests-chat"
    ]


def test_two_needs_of_one_job_are_one_edge_with_the_artifacts_of_both() -> None:
    needs = [Need(job="a", artifacts=("x",)), Need(job="a", artifacts=("y", "x"))]
    graph = build(pipeline(job("a"), job("b", needs=needs)))
    assert [edge.artifacts for edge in graph.edges] == [("x", "y")]


def test_of_equal_paths_the_one_named_first_is_critical() -> None:
    jobs = [job("a"), job("b"), job("c", needs=["b", "a"]), job("d", needs=["a"])]
    assert build(pipeline(*jobs)).critical == ("a", "c")
    assert build(pipeline(*reversed(jobs))).critical == ("a", "d")


def test_a_last_job_of_no_length_still_ends_the_critical_path() -> None:
    graph = build(pipeline(job("a", minutes=2), job("end", needs=["a"], minutes=0)))
    assert graph.critical == ("a", "end")
    assert graph.width == 1


def test_rows_of_a_matrix_run_side_by_side_and_all_count_as_work() -> None:
    rows = Matrix(rows=tuple({"variant": name} for name in ("x", "y", "z")))
    graph = build(pipeline(job("a", minutes=2, matrix=rows, runner=GPU)))
    assert (graph.length, graph.work) == (120, 360)
    assert (graph.width, graph.gpu_width) == (3, 3)


def test_measured_durations_replace_the_estimates() -> None:
    graph = build(small(), {"changes": 100, "build-cpu-chat": 30.5, "nobody": 1})
    by_id = {node.job.id: node for node in graph.nodes}
    assert by_id["build-cpu-chat"].seconds == 30.5
    assert by_id["build-cpu-chat"].measured
    assert not by_id["ci-ok"].measured
    assert graph.critical[0] == "changes"
    assert by_id["quick-checks"].slack == pytest.approx(100 - 42)
    assert graph.measured == 2
    assert graph.unmatched == ("nobody",)


@pytest.mark.parametrize("name", ["a-x", "a (x)"])
def test_one_row_of_a_matrix_can_be_measured(name: str) -> None:
    rows = Matrix(rows=({"variant": "x"}, {"variant": "y"}, {}))
    graph = build(pipeline(job("a", minutes=1, matrix=rows)), {name: 200})
    assert (graph.length, graph.work) == (200, 320)
    assert graph.nodes[0].measured
    assert not graph.unmatched


def test_a_row_that_shares_its_name_with_a_job_leaves_the_duration_to_the_job() -> None:
    rows = Matrix(rows=({"variant": "x"},))
    graph = build(pipeline(job("a", matrix=rows), job("a-x")), {"a-x": 7})
    assert {node.job.id: node.seconds for node in graph.nodes} == {"a": 60, "a-x": 7}


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_an_implausible_duration_is_refused(seconds: float) -> None:
    with pytest.raises(GraphError, match=r'duration of "changes".*give seconds'):
        build(small(), {"changes": seconds})


def test_an_unknown_need_is_named_with_the_job_that_was_meant() -> None:
    plan = pipeline(job("build-cpu", stage="build"), job("ship", needs=["build-cuda"]))
    with pytest.raises(
        GraphError, match=r'job "ship" of stage "test" needs "build-cuda".*mean "build-cpu"\?'
    ):
        build(plan)
    with pytest.raises(GraphError, match="add the job or remove the need"):
        build(pipeline(job("ship", needs=["zzz"])))


def test_a_cycle_is_shown_without_the_jobs_that_only_lead_to_it() -> None:
    plan = pipeline(
        job("after", needs=["b"]),
        job("a", needs=["c", "free"]),
        job("b", needs=["a"]),
        job("c", needs=["b"]),
        job("free"),
    )
    with pytest.raises(GraphError, match=r"circle: b -> a -> c -> b; .*remove one"):
        build(plan)
    with pytest.raises(GraphError, match="circle: me -> me"):
        build(pipeline(job("me", needs=["me"])))


def test_two_jobs_of_one_id_are_refused() -> None:
    with pytest.raises(GraphError, match=r'stage "build": a second job has the id "a"'):
        build(pipeline(job("a"), job("a", stage="build")))
    assert issubclass(GraphError, UsageError)


def test_a_pipeline_without_jobs_takes_no_time() -> None:
    graph = build(pipeline())
    assert (graph.nodes, graph.critical, graph.levels) == ((), (), ())
    assert (graph.length, graph.work, graph.width) == (0, 0, 0)


@given(pipelines())
@settings(max_examples=40)
def test_the_critical_path_is_the_longest_of_all_paths(plan: Pipeline) -> None:
    graph = build(plan)
    seconds = {node.job.id: node.seconds for node in graph.nodes}
    lengths = {tuple(path): sum(seconds[each] for each in path) for path in paths(graph)}
    assert graph.length == pytest.approx(max(lengths.values()))
    assert lengths[graph.critical] == pytest.approx(graph.length)
    for one, two in pairwise(graph.critical):
        assert any((e.source, e.target) == (one, two) and e.critical for e in graph.drawn)


@given(pipelines(most=8))
@settings(max_examples=40)
def test_levels_starts_and_slack_follow_their_definitions(plan: Pipeline) -> None:
    graph = build(plan)
    nodes = {node.job.id: node for node in graph.nodes}
    for node in graph.nodes:
        before = [nodes[need.job] for need in node.job.needs]
        assert node.level == max((each.level + 1 for each in before), default=0)
        assert node.start == pytest.approx(max((each.finish for each in before), default=0))
        longer = build(plan, {node.job.id: node.seconds + node.slack})
        assert longer.length == pytest.approx(graph.length)
        beyond = build(plan, {node.job.id: node.seconds + node.slack + 1})
        assert beyond.length == pytest.approx(graph.length + 1)


@given(pipelines())
@settings(max_examples=40)
def test_the_width_is_what_a_look_at_every_start_counts(plan: Pipeline) -> None:
    graph = build(plan)
    running = [
        sum(n.runs for n in graph.nodes if n.start <= each.start < n.finish) for each in graph.nodes
    ]
    assert graph.width == max([*running, *(node.runs for node in graph.nodes)])
    assert graph.gpu_width <= graph.width


@given(pipelines(most=10))
@settings(max_examples=40)
def test_drawn_edges_lead_to_whatever_all_edges_lead_to(plan: Pipeline) -> None:
    graph = build(plan)

    def reached(edges: object, job_id: str) -> set[str]:
        found: set[str] = set()
        todo = [job_id]
        while todo:
            here = todo.pop()
            for edge in edges:  # type: ignore[attr-defined]
                if edge.source == here and edge.target not in found:
                    found.add(edge.target)
                    todo.append(edge.target)
        return found

    for node in graph.nodes:
        assert reached(graph.edges, node.job.id) == reached(graph.drawn, node.job.id)
    for edge in graph.drawn:
        rest = [each for each in graph.drawn if each != edge]
        assert edge.target not in reached(rest, edge.source)


def test_only_the_jobs_of_an_event_are_kept_and_in_their_order() -> None:
    plan = restrict(fleet(), Event.PULL_REQUEST)
    kept = [each.id for each in plan.jobs()]
    assert not [each for each in kept if each.startswith(("image-", "deploy-"))]
    assert "deploy" not in [stage.id for stage in plan.stages]
    assert {need.job for need in plan.job("ci-ok").needs} <= set(kept)
    graph = build(plan)
    assert graph.critical == (
        "quick-checks", "build-cuda-vision", "quality-gate-vision", "ci-ok",
    )  # fmt: skip


def test_a_need_of_a_job_that_is_left_out_becomes_a_need_of_what_that_one_needed() -> None:
    tag = frozenset({Event.TAG})
    plan = pipeline(
        job("a"),
        job("b", needs=[Need(job="a", artifacts=("x",))], events=tag),
        job("c", needs=[Need(job="b", artifacts=("y",))]),
    )
    (need,) = restrict(plan, Event.MANUAL).job("c").needs
    assert (need.job, need.artifacts) == ("a", ())
    assert restrict(plan, Event.TAG) == plan


def test_a_fork_gets_only_what_is_open_to_forks() -> None:
    plan = restrict(service(), Event.PULL_REQUEST, fork=True)
    assert all(each.forks for each in plan.jobs())
    assert "benchmark-gate-chat" in [each.id for each in plan.jobs()]
    assert "build-cuda-chat" not in [each.id for each in plan.jobs()]
