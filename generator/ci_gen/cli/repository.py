"""The repository that a command works on: where it is, and what is rendered for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_gen.errors import UsageError
from ci_gen.write.root import CONFIG, find_root

if TYPE_CHECKING:
    from ci_gen.write.assess import Rendering

path_argument = click.argument(
    "path", type=click.Path(exists=True, file_okay=False), default=".", required=False
)
"""The optional PATH of a command: the repository or a folder in it."""


def locate(path: str) -> str:
    """The folder of ci-gen.yaml at or above `path`; raises UsageError where there is none."""
    try:
        root = find_root(path)
    except FileNotFoundError as error:
        raise UsageError("the folder that this was called in is gone.") from error
    if root is None:
        raise UsageError(
            f"there is no {CONFIG} in {Path(path).resolve()} or above it.",
            "Run `ci-gen init` to write one.",
        )
    return root


def render(root: str) -> Rendering:
    """Read the config at `root`, warn of what looks wrong across files, and render everything.

    Raises ConfigError.
    """
    from ci_gen import project as projects
    from ci_gen.checks import check

    project = projects.load(Path(root))
    for problem in check(project):
        click.echo(f"warning: {problem}", err=True)
    return projects.rendering(project)
