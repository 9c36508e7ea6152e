"""What the action `gate` is told and what it tells."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output


@dataclass(frozen=True, kw_only=True)
class Options:
    """The inputs."""

    needs: str = option(
        doc="The context needs as JSON (toJSON(needs)) on GitHub; empty elsewhere, where the "
        "evidence files tell",
        default="",
        multiline=True,
    )
    expected: tuple[str, ...] = option(
        doc="Ids of the jobs that must be there, or names of their evidence files; a job of a "
        "matrix is best named by the evidence of each row",
        default=(),
    )
    skip_unaffected: tuple[str, ...] = option(
        doc="Ids of the jobs that may be skipped when code is false; where parts follow after a "
        "colon, such as build: chat search, when areas holds none of them either",
        default=(),
    )
    skip_forks: tuple[str, ...] = option(
        doc="Ids of the jobs that may be skipped when the run is a fork's", default=()
    )
    skip_unmerged: tuple[str, ...] = option(
        doc="Ids of the jobs that may be skipped when the run is for a pull or merge request",
        default=(),
    )
    warn_inconclusive: tuple[str, ...] = option(
        doc="Ids of the jobs, or names of their evidence, that may be INCONCLUSIVE: that is a "
        "warning, and no reason to be red",
        default=(),
    )
    code: str = option(
        doc="The output code of the action changes: whether a change can affect a build",
        default="true",
        choices=("true", "false"),
    )
    areas: str = option(
        doc="The output areas of the action changes: the parts that a change can affect, each "
        "between commas",
        default="",
    )
    fork: bool = option(doc="Whether the run is for a fork's pull request", default=False)
    evidence_folder: str = option(
        doc="Folder that holds the jobs' evidence files, at any depth", default="evidence"
    )
    evidence_name: str = option(
        doc="Name of the gate's own evidence file, without .json", default="ci-ok"
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The outputs."""

    verdict: str = output(doc="The worst verdict of all jobs; only PASS is green", default="ERROR")
    failed: str = output(doc="Ids of the jobs that are not green, separated by spaces")
