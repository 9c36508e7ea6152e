"""`ci-gen diff`: what generate would change, as a unified diff."""

from __future__ import annotations

import os
import sys

import click

from ci_gen.cli.repository import locate, path_argument, render
from ci_gen.errors import DRIFT
from ci_gen.write.fast import clean_files


@click.command(short_help="Show what generate would change.")
@path_argument
@click.option("--color/--no-color", default=None, help="Colour the diff (on a terminal: yes).")
def command(path: str, color: bool | None) -> int:
    """Show what generate would change.

    A unified diff from each file on disk to what would be generated, on standard output;
    remarks go to standard error. A file that generate must leave alone is shown too. Exits
    with 0 where there is no difference, 4 where there is one.
    """
    root = locate(path)
    if clean_files(root) is not None:
        return 0
    from ci_gen.write.assess import assess
    from ci_gen.write.report import coloured
    from ci_gen.write.show import change

    found = assess(root, render(root))
    if color is None:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    differs = False
    for one in found.decisions:
        text = change(one, found.rendering.texts)
        differs = differs or bool(text)
        if text and one.status.unresolved:
            click.echo(f"{one.path}: {one.status.value}: {one.why}", err=True)
        click.echo(coloured(text) if color else text, nl=False, color=color)
    for note in found.notes():
        click.echo(note, err=True)
    return DRIFT if differs else 0
