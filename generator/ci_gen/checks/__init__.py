"""Rules that look across files: what a single file's reader cannot see.

A rule is a function from a project to problems; add one as a module and name it in `RULES`.
Problems of a rule are warnings: they are shown by `generate`, `check` and `init`, and stop
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ci_gen.checks import image_program, models, named_paths
from ci_gen.errors import Problem

if TYPE_CHECKING:
    from ci_gen.project import Project

Rule = Callable[["Project"], Iterator[Problem]]

RULES: tuple[Rule, ...] = (named_paths.check, image_program.check, models.check)


def check(project: Project) -> list[Problem]:
    """Every problem that a rule sees, in the order of the rules."""
    return [problem for rule in RULES for problem in rule(project)]
