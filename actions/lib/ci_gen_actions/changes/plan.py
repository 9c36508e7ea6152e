"""What to compare with what, and what follows from the difference. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import UsageError
from ..core.globs import Patterns, compile_patterns
from .options import Options

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_AREA = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99}):\s+(?P<pattern>\S.*)")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The commits to compare. `merged_head` is the second parent that HEAD must have for its
    first parent to be the base: the test merge that GitHub makes of a pull request.
    """

    base: str
    head: str = "HEAD"
    why: str
    merged_head: str = ""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """There is nothing to compare with, and why."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether code is affected, by which files, and why in one sentence.

    `areas` are the parts that are affected: all where code is.
    """

    code: bool
    reason: str
    files: tuple[str, ...] = ()
    relevant: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


def comparison(
    options: Options, platform: str, environ: Mapping[str, str], event: Mapping[str, Any]
) -> Comparison | Unknown:
    """What to compare for this run; `event` is GitHub's payload, empty elsewhere."""
    head = options.head or "HEAD"
    if options.base:
        return Comparison(base=options.base, head=head, why="the input base")
    if platform == "github":
        found = _github(environ, event)
    elif platform == "gitlab":
        found = _gitlab(environ)
    else:
        found = Unknown(why="outside of CI the input base says what to compare with")
    if isinstance(found, Unknown) or not options.head:
        return found
    return Comparison(base=found.base, head=head, why=found.why)


def _github(environ: Mapping[str, str], event: Mapping[str, Any]) -> Comparison | Unknown:
    name = environ.get("GITHUB_EVENT_NAME", "")
    if name in ("pull_request", "pull_request_target"):
        request = _inner(event, "pull_request")
        base = str(_inner(request, "base").get("sha", ""))
        merged = str(_inner(request, "head").get("sha", ""))
        return _with(base, "the base of the pull request", merged_head=merged)
    if name == "merge_group":
        group = _inner(event, "merge_group")
        return _with(str(group.get("base_sha", "")), "the base of the merge group")
    if environ.get("GITHUB_REF", "").startswith("refs/tags/"):
        return Unknown(why="a tag was pushed")
    if name == "push":
        return _with(str(event.get("before", "")), "the commit before the push")
    return Unknown(why=f"the event {name or 'of this run'} compares with nothing")


def _gitlab(environ: Mapping[str, str]) -> Comparison | Unknown:
    source = environ.get("CI_PIPELINE_SOURCE", "")
    if environ.get("CI_COMMIT_TAG"):
        return Unknown(why="a tag was pushed")
    if source == "merge_request_event":
        base = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
        return _with(base, "the base of the merge request")
    if source == "push":
        return _with(environ.get("CI_COMMIT_BEFORE_SHA", ""), "the commit before the push")
    return Unknown(why=f"a pipeline of source {source or 'unknown'} compares with nothing")


def _with(base: str, why: str, merged_head: str = "") -> Comparison | Unknown:
    if not _COMMIT.fullmatch(base):
        return Unknown(why=f"{why} is not in the event")
    if not base.strip("0"):
        return Unknown(why=f"{why} does not exist: the branch is new")
    return Comparison(base=base, why=why, merged_head=merged_head)


def _inner(event: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = event.get(key)
    return found if isinstance(found, Mapping) else {}


def fetchable(commit: str) -> bool:
    """Whether this is a full commit id, which alone is safe and sensible to ask a remote for."""
    return _COMMIT.fullmatch(commit) is not None


def parse_areas(lines: Sequence[str]) -> dict[str, Patterns]:
    """The patterns of each part, in the order of their first line. Raises UsageError."""
    patterns: dict[str, list[str]] = {}
    for line in lines:
        found = _AREA.fullmatch(line)
        if found is None:
            raise UsageError(
                f"{line[:120]!r} names no part and pattern",
                where="input areas",
                why="a line is a name, a colon, a space and a pattern of files",
                next="write it like  chat: config/model-config.yaml",
            )
        patterns.setdefault(found["name"], []).append(found["pattern"])
    return {name: compile_patterns(each) for name, each in patterns.items()}


def decide(
    files: Sequence[str],
    ignore: Sequence[str],
    why: str,
    areas: Mapping[str, Patterns] | None = None,
) -> Decision:
    """What the files that differ from `why` mean."""
    parts = areas or {}
    relevant, _ = compile_patterns(ignore).excluded(files)
    if not files:
        # An empty commit is how people ask for another run.
        return everything(f"no file differs from {why}", parts)
    if relevant:
        noun = "file that differs" if len(files) == 1 else "files that differ"
        return Decision(
            code=True,
            reason=f"{len(relevant)} of {len(files)} {noun} from {why} can affect a build",
            files=tuple(files),
            relevant=tuple(relevant),
            areas=tuple(parts),
        )
    affected = {name: each.excluded(files)[1] for name, each in parts.items()}
    touched = tuple(name for name, matched in affected.items() if matched)
    noun = "the one file that differs" if len(files) == 1 else f"all {len(files)} files that differ"
    return Decision(
        code=False,
        reason=f"{noun} from {why} cannot affect a build" + _but(touched),
        files=tuple(files),
        relevant=tuple(dict.fromkeys(file for name in touched for file in affected[name])),
        areas=touched,
    )


def everything(why: str, areas: Iterable[str]) -> Decision:
    """The decision where nothing can be left out."""
    return Decision(code=True, reason=f"{why}, so everything runs", areas=tuple(areas))


def _but(touched: Sequence[str]) -> str:
    return f", but can affect {', '.join(touched)}" if touched else ""
