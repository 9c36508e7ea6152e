"""The graph as a Mermaid flowchart, as GitHub and GitLab show it in Markdown.

Ids are ours and numbered; every other text is quoted, and whatever is not a plain letter or
digit in it is written as a character code, so that no name can end its label or say
anything to Mermaid.
"""

from __future__ import annotations

from collections.abc import Mapping

from ci_gen.pipeline.graph import Graph, Node
from ci_gen.render.graph_marks import marks
from ci_gen.render.spoken import printable, rough

# Fill, border and text are given together: they must be legible on light and dark pages.
_CLASSES = {
    "job": "fill:#f6f8fa,stroke:#8c959f,color:#1b2128",
    "gpu": "fill:#f3e8ff,stroke:#7e22ce,color:#3b0764",
    "gate": "fill:#dbeafe,stroke:#1d4ed8,color:#172554",
    "critical": "stroke:#c2410c,stroke-width:4px",
}
_CRITICAL_LINK = "stroke:#c2410c,stroke-width:4px"


def render(graph: Graph) -> str:
    """The flowchart, without a fence around it."""
    ids = {node.job.id: f"j{number}" for number, node in enumerate(graph.nodes, 1)}
    lines = ["flowchart TB"]
    for number, stage in enumerate(graph.pipeline.stages, 1):
        lines.append(f'  subgraph s{number}["{_label(stage.title)}"]')
        lines += [
            f"    {_node(node, ids[node.job.id])}" for node in graph.nodes if node.stage == stage
        ]
        lines.append("  end")
    for edge in graph.drawn:
        arrow = "==>" if edge.critical else "-->"
        lines.append(f"  {ids[edge.source]} {arrow} {ids[edge.target]}")
    lines += _classes(graph, ids)
    critical = [str(number) for number, edge in enumerate(graph.drawn) if edge.critical]
    if critical:
        lines.append(f"  linkStyle {','.join(critical)} {_CRITICAL_LINK}")
    return "\n".join(lines) + "\n"


def _node(node: Node, node_id: str) -> str:
    rows = [_label(node.job.title), _label(rough(node.seconds, node.measured))]
    found = marks(node)
    if found:
        rows.append(_label(", ".join(mark.text for mark in found)))
    label = "<br/>".join(rows)
    return f'{node_id}{{{{"{label}"}}}}' if node.job.gate else f'{node_id}["{label}"]'


def _classes(graph: Graph, ids: Mapping[str, str]) -> list[str]:
    """Later lines win where two say the same thing."""
    members = {
        "job": [n for n in graph.nodes if not (n.job.runner.gpu or n.job.gate)],
        "gpu": [n for n in graph.nodes if n.job.runner.gpu and not n.job.gate],
        "gate": [n for n in graph.nodes if n.job.gate],
        "critical": [n for n in graph.nodes if n.critical],
    }
    used = {name: nodes for name, nodes in members.items() if nodes}
    return [
        *(f"  classDef {name} {_CLASSES[name]}" for name in used),
        *(
            f"  class {','.join(ids[node.job.id] for node in nodes)} {name}"
            for name, nodes in used.items()
        ),
    ]


def _label(text: str) -> str:
    return "".join(
        char if (char.isascii() and char.isalnum()) or char in " -.,≈×" else f"#{ord(char)};"
        for char in printable(text)
    )
