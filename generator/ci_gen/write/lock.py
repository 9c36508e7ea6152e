"""`.ci-gen/lock.json`: what was rendered from what, and what was left on disk.

    {
     "actions": {"commit": "<sha>", "repository": "ci-gen/ci-gen"},
     "ci_gen": "0.1.0",                     the version that wrote it
     "config": {"ci-gen.yaml": "<sha256>"}, every config file that was read
     "facts": {...},                        the repository as detected
     "files": {"<path>": {"disk": "<sha256>", "rendered": "<sha256>", "template": "<name>"}},
     "generator": "<sha256>",               plan and render code, pins, templates
     "inputs": "<sha256>",                  over all of the above but the files; "" where a
                                            file was left in conflict
     "lock": 1                              the version of this format
    }

`disk` differs from `rendered` where a hand edit was kept. Paths have forward slashes. One
entry a line and sorted keys let git merge two branches; where it cannot, the text with its
conflict markers is read as two sides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ci_gen._version import __version__
from ci_gen.errors import Undecided, VersionError
from ci_gen.write.fast import inputs_digest
from ci_gen.write.markers import sides
from ci_gen.write.root import LOCK

FORMAT = 1


@dataclass(frozen=True, order=True)
class Entry:
    """One generated file: the digest rendered, the digest left on disk, the template's name."""

    rendered: str
    disk: str
    template: str = ""

    @property
    def edited(self) -> bool:
        """Whether a hand edit was kept."""
        return self.rendered != self.disk

    def to_json(self) -> dict[str, str]:
        """As the lock and the journal hold it."""
        return {"disk": self.disk, "rendered": self.rendered, "template": self.template}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Entry:
        """Read what `to_json` gave."""
        return cls(str(data["rendered"]), str(data["disk"]), str(data.get("template", "")))


@dataclass(frozen=True, kw_only=True)
class Lock:
    """The lock; `theirs` is the other side where git left conflict markers in it."""

    ci_gen: str = __version__
    generator: str = ""
    inputs: str = ""
    actions: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Entry] = field(default_factory=dict)
    theirs: Lock | None = None

    @property
    def sides(self) -> tuple[Lock, ...]:
        """This lock, and the other branch's where the two are in conflict."""
        return (self, self.theirs) if self.theirs else (self,)

    def entries(self, path: str) -> tuple[Entry, ...]:
        """What is recorded of `path`: one entry, or two where two branches differ."""
        found = [side.files[path] for side in self.sides if path in side.files]
        return tuple(dict.fromkeys(found))

    def paths(self) -> set[str]:
        """Every path that either side records."""
        return {path for side in self.sides for path in side.files}


def dumps(lock: Lock) -> str:
    """The text of the lock: one entry a line, keys sorted, LF at the end."""
    parts = {
        "actions": _line(lock.actions),
        "ci_gen": _line(lock.ci_gen),
        "config": _block(lock.config),
        "facts": json.dumps(lock.facts, sort_keys=True, indent=1, ensure_ascii=False),
        "files": _block({path: entry.to_json() for path, entry in lock.files.items()}),
        "generator": _line(lock.generator),
        "inputs": _line(lock.inputs),
        "lock": _line(FORMAT),
    }
    return "{\n" + ",\n".join(f'"{key}": {text}' for key, text in parts.items()) + "\n}\n"


def sealed(lock: Lock) -> Lock:
    """The lock with the digest that says: every file was rendered from these inputs."""
    from dataclasses import replace

    return replace(lock, inputs=inputs_digest(json.loads(dumps(lock))))


def loads(text: str) -> Lock:
    """Read the text of a lock, with or without git's conflict markers.

    Raises VersionError where a newer ci-gen wrote it, Undecided where it is damaged.
    """
    both = sides(text)
    if both is None:
        return _one(text)
    from dataclasses import replace

    return replace(_one(both[0]), theirs=_one(both[1]))


def newer_than(version: str, other: str) -> bool:
    """Whether `version` is newer than `other`; a pre-release comes before its release."""
    return _order(version) > _order(other)


def refuse_newer(version: str, number: int, what: str) -> None:
    """Raise VersionError where `what` was written by a later ci-gen than this one."""
    if number > FORMAT or newer_than(version, __version__):
        raise VersionError(
            f"{what} was written by ci-gen {version}, and this is {__version__}.",
            f"Install it with `pip install 'ci-gen=={version}'`, or a later one.",
        )


def _one(text: str) -> Lock:
    """Read one side."""
    try:
        data = json.loads(text)
        refuse_newer(str(data["ci_gen"]), int(data["lock"]), LOCK)
        return Lock(
            ci_gen=str(data["ci_gen"]),
            generator=str(data["generator"]),
            inputs=str(data["inputs"]),
            actions=dict(data["actions"]),
            config=dict(data["config"]),
            facts=dict(data["facts"]),
            files={path: Entry.from_json(entry) for path, entry in data["files"].items()},
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Undecided(
            f"{LOCK} is damaged: {error}.",
            f"Restore it (`git checkout HEAD -- {LOCK}`), then run `ci-gen generate`. "
            "Without it ci-gen cannot tell its own files from yours.",
        ) from error


def _line(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _block(entries: Mapping[str, object]) -> str:
    """An object with one entry a line."""
    if not entries:
        return "{}"
    lines = [f" {_line(key)}: {_line(entries[key])}" for key in sorted(entries)]
    return "{\n" + ",\n".join(lines) + "\n}"


def _order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """A key that sorts versions; what is no version comes first."""
    match = re.match(r"(\d+(?:\.\d+)*)(.*)$", version)
    if match is None:
        return (), False, version
    numbers = [int(part) for part in match[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), not match[2], match[2]
