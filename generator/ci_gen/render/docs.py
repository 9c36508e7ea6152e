"""docs/pipeline.md and its picture."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from ci_gen.pipeline.graph import build
from ci_gen.pipeline.model import Pipeline
from ci_gen.render import svg
from ci_gen.render.environment import render
from ci_gen.render.pipeline_doc import document

PAGE = "docs/pipeline.md"
PICTURE = "docs/pipeline.svg"


def documents(pipeline: Pipeline, names: Mapping[str, str]) -> dict[str, str]:
    """Path -> text of the page and the picture that it shows.

    `names` gives the final names of files whose usual ones are taken.
    """
    page, picture = names.get(PAGE, PAGE), names.get(PICTURE, PICTURE)
    seen = posixpath.relpath(picture, posixpath.dirname(page) or ".")
    return {
        PAGE: render("docs/pipeline.md.j2", document(pipeline, picture=seen)),
        PICTURE: svg.render(build(pipeline)),
    }
