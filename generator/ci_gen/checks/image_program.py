"""Rule: something tells which program the image starts.

Where neither the config nor a target does, it is taken to be named as the service is. That holds
for many projects, and for the others the job of the image would be the first to say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ci_gen.errors import Problem, quoted
from ci_gen.pipeline.settings import CONFIG_FILE

if TYPE_CHECKING:
    from ci_gen.project import Project


def check(project: Project) -> Iterator[Problem]:
    """A problem where the program is a guess."""
    image = project.settings.image
    if image is not None and image.guessed:
        yield Problem(
            CONFIG_FILE,
            0,
            0,
            f"nothing tells what the image of {quoted(image.service.name)} starts: "
            f"{image.command} is taken",
            "set image.command, such as bin/llama-server, or name the program among the targets",
        )
