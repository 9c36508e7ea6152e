"""The repository that a command works on: where it is, and what is rendered for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_gen.errors import UsageError
from ci_gen.write.root import CONFIG, find_root

if TYPE_CHECKING:
    from ci_gen.project import Project
    from ci_gen.write.assess import Rendering

path_argument = click.argument(
    "path", type=click.Path(exists=True, file_okay=False), default=".", required=False
)
"""The optional PATH of a command: the repository or a folder in it."""


def locate(path: str) -> str:
    """The folder of ci-gen.yaml at or above `path`; raises UsageError where there is none."""
    root = find_root(path)
    if root is None:
        raise UsageError(
            f"there is no {CONFIG} in {Path(path).resolve()} or above it.",
            "Run `ci-gen init` to write one.",
        )
    return root


def rendering_of(project: Project) -> Rendering:
    """Everything that is generated for a project, and what the lock records beside it."""
    from ci_gen import project as projects
    from ci_gen.detect.document import facts_to_json
    from ci_gen.write.assess import Rendering

    source = project.source
    actions = {"repository": source.repository, "commit": source.commit}
    return Rendering(
        texts=projects.render(project),
        config=project.config_digests,
        facts=facts_to_json(project.facts),
        actions=actions,
    )


def render(root: str) -> Rendering:
    """Read the config at `root` and render everything. Raises ConfigError."""
    from ci_gen import project as projects

    return rendering_of(projects.load(Path(root)))
