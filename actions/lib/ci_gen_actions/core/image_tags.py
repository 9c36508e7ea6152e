"""The tags of an image, by rules: the action that pushes it and the one that releases it agree.

A tag may only be moved by what it stands for. `1.2` and `1` follow releases alone, `latest` the
default branch alone, and no branch can take one of these names, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .dialect import Event

RULES = ("commit", "branch", "semver", "latest")
COMMIT_DIGITS = 12
PLAIN_VARIANTS = ("cpu", "python")
"""Variants whose tags bear no suffix: the image that one gets without asking for another."""
LIMIT = 128
"""The most characters of a tag, by the OCI distribution specification."""

_VERSION = re.compile(
    r"v?(?P<core>(?P<major>0|[1-9]\d*)\.(?P<minor>0|[1-9]\d*)\.(?P<patch>0|[1-9]\d*))"
    r"(?P<pre>-[0-9A-Za-z.-]+)?(?P<build>\+[0-9A-Za-z.-]+)?"
)
"""Semantic versions 2.0.0, with the `v` that git tags usually have."""
_TAKEN = re.compile(r"latest(-.*)?|buildcache(-.*)?|sha-.*|v?\d+(\.\d+)*([-_].*)?")
"""What the other rules, and the build cache, may call theirs."""


def suffix(variant: str) -> str:
    """What the tags of a variant end with."""
    return "" if variant in ("", *PLAIN_VARIANTS) else f"-{variant}"


def image_tags(
    rules: Iterable[str],
    event: Event,
    commit: str,
    *,
    variant: str = "",
    released: Iterable[str] = (),
) -> tuple[str, ...]:
    """The tags that the rules give, in the order of the rules, each once.

    `released` are versions that exist already: `1.2` and `1` never go back to an older one.
    """
    made = {
        "commit": commit_tag(commit),
        "branch": branch_tag(event, variant),
        "semver": version_tags(event.tag, released),
        "latest": ("latest",) if _on_default_branch(event) else (),
    }
    tags = [f"{each}{suffix(variant)}" for rule in rules for each in made[rule]]
    return tuple(dict.fromkeys(tags))


def commit_tag(commit: str) -> tuple[str, ...]:
    """`sha-` and the first 12 digits: unique in any repository, and short enough to read."""
    return (f"sha-{commit[:COMMIT_DIGITS]}",) if commit else ()


def branch_tag(event: Event, variant: str = "") -> tuple[str, ...]:
    """The branch as a tag; none for a tag's run or a change that is not merged."""
    if not event.branch or event.tag or event.unmerged:
        return ()
    slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", event.branch).lstrip(".-")
    if not slug or _TAKEN.fullmatch(slug):
        slug = f"branch-{slug}" if slug else "branch"
    return (slug[: LIMIT - len(suffix(variant))],)


def version_tags(tag: str, released: Iterable[str] = ()) -> tuple[str, ...]:
    """`1.2.3`, `1.2` and `1` from `v1.2.3`; the version alone for a prerelease.

    `0` is none: between 0.1 and 0.2 anything may break. A `+`, which a tag cannot have, becomes
    `_`, and such a build moves nothing either.
    """
    found = _VERSION.fullmatch(tag)
    if found is None:
        return ()
    exact = tag.removeprefix("v").replace("+", "_")[:LIMIT]
    if found["pre"] or found["build"]:
        return (exact,)
    others = [other for each in released if (other := _release(each))]
    own = _release(tag)
    tags = [exact]
    if not any(other > own for other in others if other[:2] == own[:2]):
        tags.append(f"{found['major']}.{found['minor']}")
    if found["major"] != "0" and not any(other > own for other in others if other[:1] == own[:1]):
        tags.append(found["major"])
    return tuple(tags)


def _release(tag: str) -> tuple[int, ...]:
    """The numbers of a version that is no prerelease; () for anything else."""
    found = _VERSION.fullmatch(tag)
    if found is None or found["pre"] or found["build"]:
        return ()
    return tuple(int(found[part]) for part in ("major", "minor", "patch"))


def _on_default_branch(event: Event) -> bool:
    merged = not event.unmerged and not event.tag
    return merged and bool(event.branch) and event.branch == event.default_branch


def moving(tags: Sequence[str], commit: str, variant: str = "") -> tuple[str, ...]:
    """Those of the tags that stand for something else tomorrow: all but the commit's own."""
    own = {f"{each}{suffix(variant)}" for each in commit_tag(commit)}
    return tuple(tag for tag in tags if tag not in own)
