"""`ci-gen run`: jobs of the pipeline on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from ci_gen.cli.repository import locate


@click.command(name="run")
@click.argument("jobs", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="List the jobs that can be named.")
@click.option(
    "--path",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    help="The repository, or a folder in it.",
)
@click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to work in; one in the user's cache by default.",
)
def command(jobs: tuple[str, ...], listing: bool, path: str, workspace: Path | None) -> int:
    """Run JOBS and what they need, or all that need no GPU, through the actions of CI.

    An image is built and tested with the engine of this machine, and pushed nowhere.

    They work in a copy of the working tree, uncommitted changes included; the copy is kept, so
    that a second run compiles only what changed.
    """
    from ci_gen.local.jobs import chosen, left_out
    from ci_gen.local.run import run, worst
    from ci_gen.local.workspace import default_workspace, refresh
    from ci_gen.project import load

    root = Path(locate(path))
    pipeline = load(root).pipeline
    if listing:
        for job in pipeline.jobs():
            if job.id != pipeline.aggregate:
                why = left_out(pipeline).get(job.id, "")
                click.echo(f"{job.id:<40} {job.title}" + (f" ({why})" if why else ""))
        return 0
    picked = chosen(pipeline, jobs)
    if not jobs:
        for name, why in left_out(pipeline).items():
            click.echo(f"left out: {name}, which {why}", err=True)
    folder = (workspace or default_workspace(root)).resolve()
    refresh(root, folder)
    results = run(picked, folder, lambda line: click.echo(line, err=True))
    width = max(len(ran.job) for ran in results)
    click.echo("")
    for ran in results:
        click.echo(f"{ran.job:<{width}}  {ran.word:<11}  {ran.seconds:7.1f} s")
    click.echo(f"packages, reports and evidence are in {folder}")
    return worst(results)
