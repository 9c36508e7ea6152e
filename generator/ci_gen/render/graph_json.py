"""The graph as JSON, for programs: every edge and every time."""

from __future__ import annotations

import json
from typing import Any

from ci_gen.pipeline.graph import Graph, Node
from ci_gen.pipeline.model import VARIANT

SCHEMA = 1


def document(graph: Graph) -> dict[str, Any]:
    """The graph in plain values. All times are seconds."""
    pipeline = graph.pipeline
    return {
        "schema": SCHEMA,
        "pipeline": pipeline.name,
        "required-check": pipeline.aggregate,
        "length-seconds": graph.length,
        "work-seconds": graph.work,
        "width": graph.width,
        "gpu-width": graph.gpu_width,
        "critical-path": list(graph.critical),
        "stages": [
            {
                "id": stage.id,
                "title": stage.title,
                "why": stage.why,
                "jobs": [job.id for job in stage.jobs],
            }
            for stage in pipeline.stages
        ],
        "environments": [
            {"name": each.name, "tier": each.tier, "why": each.why}
            for each in pipeline.environments
        ],
        "jobs": [_job(node) for node in graph.nodes],
        "edges": [
            {
                "from": edge.source,
                "to": edge.target,
                "artifacts": [name.replace(VARIANT, "<variant>") for name in edge.artifacts],
                "implied": edge.implied,
                "critical": edge.critical,
            }
            for edge in graph.edges
        ],
        "unmatched-durations": list(graph.unmatched),
    }


def render(graph: Graph) -> str:
    """The document as text."""
    return json.dumps(document(graph), indent=2, ensure_ascii=True) + "\n"


def _job(node: Node) -> dict[str, Any]:
    job = node.job
    return {
        "id": job.id,
        "title": job.title,
        "stage": node.stage.id,
        "step": node.level + 1,
        "runs": node.runs,
        "seconds": node.seconds,
        "measured": node.measured,
        "start": node.start,
        "finish": node.finish,
        "slack": node.slack,
        "critical": node.critical,
        "gate": job.gate,
        "gpu": job.runner.gpu,
        "forks": job.forks,
        "approval": job.approval,
        "events": sorted(event.value for event in job.events),
        "timeout-minutes": job.timeout_minutes,
    }
