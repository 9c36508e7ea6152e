"""What the action `changes` is told and what it tells."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output


@dataclass(frozen=True, kw_only=True)
class Options:
    """The inputs."""

    ignore: tuple[str, ...] = option(
        doc="Patterns of files that cannot affect a build, such as docs/** or **/*.md. "
        "A pattern that begins with ! takes back what earlier ones matched",
        default=(),
    )
    areas: tuple[str, ...] = option(
        doc="Parts that files of their own affect, one file's pattern a line after the part's name "
        "and a colon, such as chat: config/model-config.yaml. Patterns have the meaning that they "
        "have in ignore; a file that affects its part alone stands there, too",
        default=(),
    )
    base: str = option(
        doc="Commit to compare with; empty takes it from the event that started the run",
        default="",
    )
    head: str = option(doc="Commit to compare; empty means the one that is checked out", default="")
    evidence_name: str = option(doc="Name of the evidence file, without .json", default="changes")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs."""

    code: bool = output(
        doc="false where every changed file matches ignore; true otherwise, and whenever that "
        "is not known",
        default=True,
    )
    areas: str = output(
        doc="The parts of areas that a change can affect, each between commas such as ,chat,: "
        "those with a changed file, all of them where code is true, empty where none is",
    )
    files: int = output(doc="How many files differ; 0 where that is not known", default=0)
    reason: str = output(doc="Why code is what it is, in one sentence")
