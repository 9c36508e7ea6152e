"""What docs/pipeline.md says: the values for its template, every text ready for Markdown."""

from __future__ import annotations

from typing import Any

from ci_gen.pipeline.graph import Graph, Node, build
from ci_gen.pipeline.model import VARIANT, Artifact, Engine, Environment, Event, Job, Pipeline
from ci_gen.render import mermaid
from ci_gen.render.graph_marks import headline
from ci_gen.render.markdown import code, prose
from ci_gen.render.spoken import counted, joined, rough

_ENGINES = {
    Engine.NONE: "",
    Engine.SOCKET: ", with the runner's own container engine",
    Engine.DIND: "; on GitLab with a container engine beside it (docker-in-docker over TLS)",
}


def document(pipeline: Pipeline, *, picture: str = "pipeline.svg") -> dict[str, Any]:
    """The values of templates/docs/pipeline.md.j2.

    `picture` is the path of the SVG as seen from the page. Raises GraphError.
    """
    graph = build(pipeline)
    return {
        "name": prose(pipeline.name),
        "picture": picture.replace(" ", "%20").replace("(", "%28").replace(")", "%29"),
        "alternative": prose(f"{'. '.join(headline(graph))}."),
        "mermaid": mermaid.render(graph).rstrip("\n"),
        "summary": _summary(graph),
        "critical": " → ".join(_link(job) for job in graph.critical),
        "triggers": _triggers(pipeline),
        "required": code(pipeline.aggregate),
        "stages": [
            {
                "title": prose(stage.title),
                "why": prose(stage.why),
                "links": ", ".join(_link(job.id) for job in stage.jobs),
                "jobs": [_job(graph, node) for node in graph.nodes if node.stage.id == stage.id],
            }
            for stage in pipeline.stages
        ],
        "environments": [_environment(pipeline, each) for each in pipeline.environments],
        "has_gpu": any(job.runner.gpu for job in pipeline.jobs()),
        "has_gates": any(job.gate for job in pipeline.jobs()),
    }


def _summary(graph: Graph) -> str:
    nodes = len(graph.nodes)
    text = (
        f"{counted(nodes, 'job')} in {counted(len(graph.pipeline.stages), 'stage')}. "
        f"When every job runs and no runner is busy, a run takes about "
        f"{_about(graph.length)}; all its jobs together work for about {_about(graph.work)}. "
        f"At most {counted(graph.width, 'run')} {'is' if graph.width == 1 else 'are'} "
        f"under way at the same time"
    )
    if graph.gpu_width:
        text += (
            f", {graph.gpu_width} of them on GPU runners: with fewer GPU runners than that, "
            "jobs wait for one another"
            if graph.gpu_width < graph.width
            else f", and {graph.gpu_width} on GPU runners"
        )
    return text + "."


def _about(seconds: float) -> str:
    return rough(seconds, measured=False).removeprefix("≈ ")


def _link(job_id: str) -> str:
    """To the job's heading, where the platforms make a predictable anchor of its id."""
    plain = job_id.isascii() and job_id.replace("-", "").replace("_", "").isalnum()
    return f"[{code(job_id)}](#job-{job_id.lower()})" if plain else code(job_id)


def _triggers(pipeline: Pipeline) -> list[str]:
    triggers = pipeline.triggers
    found = ["a pull request or merge request is opened or gets a new commit"]
    if not triggers.pull_request:
        found = []
    found.append(f"a commit reaches {code(pipeline.default_branch)}")
    if triggers.tags:
        found.append(f"a tag that matches {joined([code(t) for t in triggers.tags], 'or')} is made")
    if triggers.manual:
        found.append("somebody starts it by hand")
    return found


def _job(graph: Graph, node: Node) -> dict[str, Any]:
    job = node.job
    return {
        "id": prose(job.id),
        "title": prose(job.title),
        "why": prose(job.why),
        "approval": _approval(job),
        "calls": joined([prose(_lower(call.title)) for call in job.calls]),
        "runs": _runs(graph.pipeline, job)
        + (", whatever became of the jobs before it" if job.always else ""),
        "variants": _variants(job),
        "skipped": joined(_skipped(job), "or"),
        "where": _where(job) + _ENGINES[job.engine],
        "may": "; ".join(prose(each.why.removeprefix("to ")) for each in job.grants),
        "needs": _needs(graph, job),
        "leaves": "; ".join(_artifact(each) for each in job.artifacts),
        "caches": joined([prose(each.what) for each in job.caches]),
        "time": _time(node),
    }


def _lower(title: str) -> str:
    """A title within a sentence; a word such as CPU keeps its capitals."""
    return title[0].lower() + title[1:] if title[1:2].islower() else title


def _runs(pipeline: Pipeline, job: Job) -> str:
    words = {
        Event.PULL_REQUEST: "pull and merge requests",
        Event.DEFAULT_BRANCH: f"pushes to {code(pipeline.default_branch)}",
        Event.TAG: "tags",
        Event.MANUAL: "runs started by hand",
    }
    shown = {
        Event.PULL_REQUEST: pipeline.triggers.pull_request,
        Event.TAG: bool(pipeline.triggers.tags),
        Event.MANUAL: pipeline.triggers.manual,
    }
    possible = [event for event in Event if shown.get(event, True)]
    chosen = [event for event in possible if event in job.events]
    if chosen == possible:
        return "in every run of the pipeline"
    if not chosen:
        return "for none of the events that start this pipeline"
    return f"for {joined([words[event] for event in chosen])}"


def _variants(job: Job) -> str:
    if job.matrix is None:
        return ""
    names = [code(row.get("variant", "?")) for row in job.matrix.rows]
    return f"once for each of {joined(names)}, side by side"


def _skipped(job: Job) -> list[str]:
    reasons = []
    if job.skip_when_unaffected:
        reasons.append(
            "no file changed that can affect it (a change of documentation, for example)"
        )
    if not job.forks:
        reasons.append("the pull request comes from a fork")
    return reasons


def _approval(job: Job) -> str:
    if not job.approval:
        return ""
    who = "a fork's run" if job.forks else "the job"
    return f"{who} waits until somebody approves it in the environment {code(job.approval)}"


def _where(job: Job) -> str:
    runner = job.runner
    kind = "a hosted runner" if runner.hosted else "a self-hosted runner"
    if runner.gpu:
        kind += " with a GPU"
    parts = []
    if runner.labels:
        parts.append(f"on GitHub {joined([code(label) for label in runner.labels])}")
    gitlab = []
    if runner.tags:
        gitlab.append(f"{'tag' if len(runner.tags) == 1 else 'tags'} "
                      f"{joined([code(tag) for tag in runner.tags])}")  # fmt: skip
    if runner.image:
        gitlab.append(f"image {code(runner.image)}")
    if gitlab:
        parts.append(f"on GitLab {joined(gitlab)}")
    return f"{kind}: {'; '.join(parts)}" if parts else kind


def _needs(graph: Graph, job: Job) -> str:
    """What it waits for. The job that sums up waits for all others; a list would not help."""
    others = len(graph.nodes) - 1
    needed = {need.job: need.artifacts for need in job.needs}
    if len(needed) == others and others > 3:
        return "every other job"
    return joined(
        [
            _link(name)
            + (f" (takes {joined([_named(a) for a in artifacts])})" if artifacts else "")
            for name, artifacts in needed.items()
        ]
    )


def _named(artifact: str) -> str:
    return code(artifact.replace(VARIANT, "<variant>"))


def _artifact(artifact: Artifact) -> str:
    failed = ", even when the job fails" if artifact.always else ""
    return f"{_named(artifact.name)}, kept for {counted(artifact.retention_days, 'day')}{failed}"


def _time(node: Node) -> str:
    if node.critical:
        share = "on the critical path"
    elif node.slack:
        share = f"{_about(node.slack)} to spare before the pipeline takes longer"
    else:
        share = "no time to spare: beside the critical path, and as long"
    return f"about {_about(node.seconds)}, stopped after {node.job.timeout_minutes} min; {share}"


def _environment(pipeline: Pipeline, environment: Environment) -> dict[str, str]:
    jobs = [job for job in pipeline.jobs() if job.approval == environment.name]
    forks = [_link(job.id) for job in jobs if job.forks]
    others = [_link(job.id) for job in jobs if not job.forks]
    waits = []
    if forks:
        waits.append(f"for a fork's pull request, {joined(forks)}")
    if others:
        waits.append(joined(others))
    return {
        "name": code(environment.name),
        "tier": prose(environment.tier),
        "why": prose(environment.why),
        "waits": "; ".join(waits),
    }
