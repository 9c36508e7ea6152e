"""`ci-gen graph`: the pipeline as text, Mermaid, SVG or JSON."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_gen.cli.repository import locate, path_argument
from ci_gen.errors import UsageError

if TYPE_CHECKING:
    from ci_gen.pipeline.graph import Graph
    from ci_gen.pipeline.model import Pipeline

_FORMATS = ("text", "mermaid", "svg", "json")
# As in ci_gen.pipeline.model.Event, which only a run of the command imports.
_EVENTS = ("pull-request", "default-branch", "tag", "manual")
_FILE_WIDTH = 120


@click.command(short_help="Draw the pipeline as text, Mermaid or SVG.")
@path_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="What to draw. Default: by the name of --output (.svg, .mmd, .json), else text.",
)
@click.option("--output", "-o", type=click.Path(dir_okay=False), help="Write to this file.")
@click.option(
    "--durations",
    "sources",
    multiple=True,
    type=click.Path(exists=True),
    help="Measured durations: a JSON file of seconds by job id, an evidence file, or a "
    "folder of evidence files. Can be given several times; later ones win.",
)
@click.option("--event", type=click.Choice(_EVENTS), help="Only the jobs that run for this.")
@click.option("--fork", is_flag=True, help="As for a fork's pull request.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Text without box drawing.")
@click.option("--width", type=click.IntRange(40, 1000), help="Columns of the text.")
def command(
    path: str,
    form: str | None,
    output: str | None,
    sources: tuple[str, ...],
    event: str | None,
    fork: bool,
    ascii_only: bool,
    width: int | None,
) -> int:
    """Draw the pipeline: stages, gates, approvals, what runs in parallel, the critical path.

    The critical path is the chain of jobs that decides how long a run takes. Durations are
    the plan's estimates where --durations does not give measured ones.
    """
    if fork and event not in (None, "pull-request"):
        raise UsageError(f"--fork speaks of a pull request, and --event of {event}.")
    from ci_gen import project
    from ci_gen.pipeline.graph import build

    root = locate(path)
    durations = _durations(sources)
    pipeline = project.load(Path(root)).pipeline
    graph = build(_part(pipeline, event, fork), durations)
    _mention_unmatched(graph, pipeline)
    form = form or _form_of(output)
    if form == "text":
        text = _text(graph, output, ascii_only=ascii_only, width=width)
    else:
        text = _render(graph, form)
    _emit(text, output)
    return 0


def _part(pipeline: Pipeline, event: str | None, fork: bool) -> Pipeline:
    if event is None and not fork:
        return pipeline
    from ci_gen.pipeline.graph import restrict
    from ci_gen.pipeline.model import Event

    return restrict(pipeline, Event(event or "pull-request"), fork=fork)


def _durations(sources: tuple[str, ...]) -> dict[str, float]:
    if not sources:
        return {}
    from ci_gen.pipeline.durations import parse

    found: dict[str, float] = {}
    for source in sources:
        path = Path(source)
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise UsageError(f"{source}: holds no .json file", "Name a folder of evidence files.")
        for file in files:
            try:
                text = file.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise UsageError(f"{file}: is not UTF-8 (byte {error.start})") from error
            found.update(parse(text, str(file)))
    return found


def _mention_unmatched(graph: Graph, pipeline: Pipeline) -> None:
    """Say which durations were of no use; those of jobs that were left out are in order."""
    known = {job.id for job in pipeline.jobs()}
    for name in graph.unmatched:
        if not any(name == job or name.startswith((f"{job}-", f"{job} (")) for job in known):
            click.echo(f"no job is called {name!r}; its duration is not used", err=True)


def _form_of(output: str | None) -> str:
    suffix = Path(output).suffix.lower() if output else ""
    return {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".json": "json"}.get(
        suffix, "text"
    )


def _text(graph: Graph, output: str | None, *, ascii_only: bool, width: int | None) -> str:
    from ci_gen.render import graph_text

    if output is None:
        encoding = (sys.stdout.encoding or "ascii").lower().replace("_", "-")
        ascii_only = ascii_only or encoding not in ("utf-8", "utf8", "cp65001")
        width = width or shutil.get_terminal_size((_FILE_WIDTH, 24)).columns
    return graph_text.render(graph, width=width or _FILE_WIDTH, ascii_only=ascii_only)


def _render(graph: Graph, form: str) -> str:
    from ci_gen.render import graph_json, mermaid, svg

    return {"mermaid": mermaid.render, "svg": svg.render, "json": graph_json.render}[form](graph)


def _emit(text: str, output: str | None) -> None:
    """Write to the file, whole or not at all, or to standard output in UTF-8."""
    data = text.encode("utf-8")
    if output is None:
        click.echo(data, nl=False)
        return
    from ci_gen.write.atomic import Change, commit, stage

    target = Path(output).absolute()
    commit(stage([Change(str(target), data)]), str(target.parent))
    click.echo(f"wrote {output}", err=True)
