"""The exact versions that lock files name, each with its line. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*===?\s*"
    r"(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)\s*(?:[;\\#].*|--hash=.*)?"
)


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package at one version, where a lock names it. The name is normalised (PEP 503)."""

    name: str
    version: str
    file: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Lock:
    """What a lock file says: its pins, and how many requirements have no exact version."""

    file: str
    pins: tuple[Pin, ...] = ()
    unpinned: int = 0
    problem: str = ""


def read(file: str, text: str) -> Lock:
    """Read a lock file of any known kind; `problem` says why it could not be."""
    name = PurePosixPath(file).name
    try:
        if name == "Pipfile.lock":
            return _pipfile(file, text)
        if name.endswith((".lock", ".toml")):
            return _toml(file, text)
        return _requirements(file, text)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        return Lock(file=file, problem=f"it cannot be read: {type(error).__name__}")


def normalised(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(file: str, text: str) -> Lock:
    pins: list[Pin] = []
    unpinned = 0
    continued = False
    for number, raw in enumerate(text.splitlines(), 1):
        line, inside = raw.strip(), continued
        continued = line.endswith("\\")
        # What follows a backslash are hashes; options, comments and other files name no package.
        if inside or not line or line.startswith(("#", "-")):
            unpinned += line.startswith(("-e", "--editable"))
            continue
        found = _PIN.fullmatch(line)
        if found:
            name = normalised(found["name"])
            pins.append(Pin(name=name, version=found["version"], file=file, line=number))
        else:
            unpinned += 1
    return Lock(file=file, pins=tuple(pins), unpinned=unpinned)


def _toml(file: str, text: str) -> Lock:
    import tomli

    document = tomli.loads(text)
    name = PurePosixPath(file).name
    packages = document.get("packages" if name.startswith("pylock") else "package", [])
    lines = _lines(text)
    pins = [
        Pin(
            name=normalised(each["name"]),
            version=each["version"],
            file=file,
            line=lines.get(each["name"], 1),
        )
        for each in packages
        if isinstance(each.get("version"), str) and _from_index(each)
    ]
    return Lock(file=file, pins=tuple(pins), unpinned=len(packages) - len(pins))


def _from_index(package: Mapping[str, Any]) -> bool:
    """Whether it comes from a package index: a folder or repository is no published version."""
    source = package.get("source", {})
    local = ("editable", "virtual", "directory", "path", "git", "url")
    if isinstance(source, dict) and (set(local) & set(source) or source.get("type") in local):
        return False
    return not {"vcs", "directory", "archive"} & set(package)


def _pipfile(file: str, text: str) -> Lock:
    document = json.loads(text)
    lines = _lines(text)
    named = [
        (name, entry.get("version", ""))
        for section in ("default", "develop")
        for name, entry in document.get(section, {}).items()
    ]
    pins = [
        Pin(
            name=normalised(name),
            version=version.removeprefix("=="),
            file=file,
            line=lines.get(name, 1),
        )
        for name, version in named
        if version.startswith("==")
    ]
    return Lock(file=file, pins=tuple(pins), unpinned=len(named) - len(pins))


def _lines(text: str) -> dict[str, int]:
    """Name to the line that first names it, in a lock of TOML or JSON."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*(?:name = "([^"]+)"|"([^"]+)": \{)', line)
        if match:
            found.setdefault(match[1] or match[2], number)
    return found


def batches(pins: Sequence[Pin]) -> Iterator[dict[str, str]]:
    """Name to version, each pair once, no name twice in a batch: an auditor wants it so."""
    rest = list(dict.fromkeys((each.name, each.version) for each in pins))
    while rest:
        batch: dict[str, str] = {}
        later: list[tuple[str, str]] = []
        for name, version in rest:
            if name in batch:
                later.append((name, version))
            else:
                batch[name] = version
        yield batch
        rest = later
