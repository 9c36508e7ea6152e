"""What the root action is told and what it tells."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output


@dataclass(frozen=True, kw_only=True)
class Options:
    """The inputs."""

    command: str = option(
        doc="check compares the generated files with ci-gen.yaml and changes nothing; generate "
        "renders them again and keeps edits made by hand",
        default="check",
        choices=("check", "generate"),
    )
    path: str = option(
        doc="Folder of ci-gen.yaml, or one below it, relative to working-directory", default="."
    )
    working_directory: str = option(doc="Folder to run in, relative to the checkout", default=".")


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs."""

    status: str = output(
        doc="clean where all was as it should be, changed where generate wrote something, drift "
        "where somebody has to decide, error where nothing could be said",
        default="error",
    )
    files: int = output(doc="How many files drifted or were changed", default=0)
    verdict: str = output(doc="PASS, FAIL on drift, ERROR", default="ERROR")
