"""What starts the pipeline, and which files matter to it."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.limits import REPOSITORY_GLOB, TAG
from ci_gen.config.option import Limits, option


@dataclass(frozen=True, kw_only=True)
class Triggers:
    """What starts the pipeline, besides a push to the default branch."""

    pull_request: bool = option(default=True, doc="Run for pull requests and merge requests.")
    tags: tuple[str, ...] = option(
        default=("v*",), limits=TAG, doc="Run for tags that match one of these patterns."
    )
    manual: bool = option(default=True, doc="Allow a run started by hand.")


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Which files matter to the build."""

    ignore: tuple[str, ...] = option(
        default=(
            "**/*.md",
            "docs/**",
            "LICENSE*",
            "CODEOWNERS",
            ".github/CODEOWNERS",
            ".github/ISSUE_TEMPLATE/**",
            ".gitlab/issue_templates/**",
            ".gitlab/merge_request_templates/**",
        ),
        limits=REPOSITORY_GLOB,
        doc="Files that cannot affect a build. A change of these alone builds and tests nothing "
        "and starts no GPU.",
    )


@dataclass(frozen=True, kw_only=True)
class QuickChecks:
    """The checks that run before anything is compiled."""

    max_file_kib: int = option(
        default=51200,
        limits=Limits(minimum=1, maximum=1 << 30),
        doc="The largest file, in KiB, that may be committed outside Git LFS. Keeps model "
        "weights out of the history.",
    )
    exclude: tuple[str, ...] = option(
        default=(),
        limits=REPOSITORY_GLOB,
        example=["third_party/**"],
        doc="Files that are not looked at.",
    )
