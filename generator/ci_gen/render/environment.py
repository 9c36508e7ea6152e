"""The Jinja environment: strict, with delimiters that collide with no file we render.

`<% %>` for blocks, `<{ }>` for values, `<# #>` for comments. GitHub uses `${{ }}`, GitLab
`$[[ ]]`, shells `[[ ]]` and `${ }`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from ci_gen.render import scalars


def templates_folder() -> Path:
    """Where the templates lie: in the installed package, or beside generator/ in a checkout."""
    packaged = Path(__file__).parent.parent / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "templates"


@cache
def environment() -> jinja2.Environment:
    """The one environment. Templates are compiled once a process."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_folder(), encoding="utf-8"),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<{",
        variable_end_string="}>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        autoescape=False,  # noqa: S701 - YAML and Markdown, quoted by the filters below
    )
    env.filters.update(
        scalar=scalars.scalar, block=scalars.block, flow=scalars.flow, comment=scalars.comment
    )
    return env


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of one template. Raises jinja2.UndefinedError where a value is missing."""
    return environment().get_template(template).render(values)
