"""What is worth marking on a job, in the same words in every picture of the graph."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.pipeline.graph import Graph, Node
from ci_gen.render.spoken import counted, printable, rough


@dataclass(frozen=True)
class Mark:
    """A mark and its kind: gate, gpu, runs, approval or forks."""

    kind: str
    text: str


def marks(node: Node) -> tuple[Mark, ...]:
    """The marks of a job, the most telling first."""
    job = node.job
    found: list[Mark] = []
    if job.gate:
        found.append(Mark("gate", "gate"))
    if job.runner.gpu:
        found.append(Mark("gpu", "GPU"))
    if node.runs > 1:
        found.append(Mark("runs", f"× {node.runs}"))
    if job.approval:
        waiting = "forks wait" if job.forks else "waits"
        found.append(Mark("approval", f"{waiting}: {printable(job.approval)}"))
    if not job.forks:
        found.append(Mark("forks", "not for forks"))
    return tuple(found)


def headline(graph: Graph) -> tuple[str, ...]:
    """The measures of a pipeline, one a line."""
    known = graph.measured
    basis = (
        "durations measured"
        if known == len(graph.nodes)
        else "durations expected"
        if not known
        else f"durations of {known} of {counted(len(graph.nodes), 'job')} measured"
    )
    every_time = known == len(graph.nodes)
    peak = f"at most {counted(graph.width, 'run')} at once"
    if graph.gpu_width:
        peak += f", {graph.gpu_width} on GPU runners"
    return (
        f"{counted(len(graph.nodes), 'job')} in {counted(len(graph.pipeline.stages), 'stage')}, "
        f"{basis}",
        f"Critical path {rough(graph.length, every_time)}, "
        f"all work {rough(graph.work, every_time)}",
        peak[0].upper() + peak[1:],
    )
