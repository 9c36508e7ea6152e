"""What people and pipelines do with a registry, on top of what each kind of registry can do."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.errors import UsageError
from ..core.evidence import started_text
from . import history, names
from .history import PROMOTE, ROLLBACK, Move
from .registry import Asked, ModelRegistry


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """Who moves a pointer, when (RFC 3339), for which commit, why, and on which evidence."""

    at: str
    by: str = ""
    commit: str = ""
    reason: str = ""
    evidence: tuple[str, ...] = ()


def split_name(text: str) -> tuple[str, str]:
    """`[registry://]name[@version or pointer]` as its two parts, the second "" where it is absent.

    Raises UsageError for names that cannot be.
    """
    name, at, wanted = text.removeprefix("registry://").partition("@")
    if at and not names.is_version(wanted):
        names.pointer_name(wanted)
    return names.model_name(name), wanted


def promote(
    registry: ModelRegistry,
    name: str,
    wanted: str,
    pointer: str,
    stamp: Stamp,
    *,
    expected: str | None = None,
) -> Move:
    """Let a pointer name a version, or what another pointer names.

    `expected` None moves it whatever it names now; else it must name that ("" for nothing).
    Raises ChangedMeanwhile, UsageError where there is no such version, CannotDecide.
    """
    version = registry.resolve(name, wanted).version
    asked = _asked(stamp, names.pointer_name(pointer), PROMOTE, version, expected)
    return registry.move(name, asked)


def rollback(
    registry: ModelRegistry,
    name: str,
    pointer: str,
    stamp: Stamp,
    *,
    expected: str | None = None,
) -> Move:
    """Let a pointer name what it named before its last promotion.

    Raises UsageError where it never named anything else, ChangedMeanwhile where somebody moves
    it at the same time, CannotDecide.
    """
    current = registry.resolve(name, names.pointer_name(pointer)).version
    before = history.previous(registry.history(name), pointer, current)
    if not before:
        raise UsageError(
            f"{pointer} of {name} has nothing to go back to",
            where=registry.location,
            why=f"it names {current}, and no version was promoted before it",
            next=f"name the version: `ci-gen model promote {name}@VERSION --to {pointer}`",
        )
    # What is taken back is the promotion that was seen, and not one that came since.
    held = current if expected is None else expected
    return registry.move(name, _asked(stamp, pointer, ROLLBACK, before, held))


def _asked(stamp: Stamp, pointer: str, kind: str, version: str, expected: str | None) -> Asked:
    return Asked(
        pointer=pointer,
        kind=kind,
        version=version,
        expected=expected,
        at=stamp.at,
        by=stamp.by,
        commit=stamp.commit,
        reason=stamp.reason,
        evidence=stamp.evidence,
    )


def now() -> str:
    """The time as RFC 3339 in UTC."""
    return started_text(time.time())


def actor(environ: Mapping[str, str]) -> str:
    """Who runs this: the user of the platform's run, else of the machine, "" where unknown."""
    for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN"):
        if environ.get(name):
            return environ[name]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def tagged(pointers: Mapping[str, str], version: str) -> tuple[str, ...]:
    """The pointers that name a version."""
    return tuple(sorted(each for each, target in pointers.items() if target == version))


def total(sizes: Iterable[int]) -> str:
    """A number of bytes for people."""
    size = float(sum(sizes))
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("the last unit takes any size")
