"""What the data branch knows of the models of one OCI registry.

models/<host>/<repository>/<model>/versions.jsonl   as in a folder, each with its manifest
models/<host>/<repository>/<model>/history.jsonl    every move of a pointer
models/<host>/<repository>/<model>/pointers.json    what each pointer names
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import CannotDecide
from . import history, ledger, names
from .data_branch import Change, DataBranch, Snapshot
from .history import Move
from .ledger import Ledger, Row
from .registry import Asked, Published, lost, no_version, taken

ROOT = "models"
FRESH_SECONDS = 2.0
_POINTERS = "pointers.json"


@dataclass(frozen=True, kw_only=True)
class Model:
    """What is recorded of one model."""

    name: str
    ledger: Ledger
    moves: tuple[Move, ...]
    pointers: Mapping[str, str]


class BranchFiles:
    """The records of all models below `host/repository`."""

    def __init__(self, branch: DataBranch, host: str, repository: str) -> None:
        self._branch = branch
        # No checkout on Windows takes a colon.
        self._root = f"{ROOT}/{host.replace(':', '_')}/{repository}"
        self._seen: tuple[float, Snapshot] | None = None

    def models(self) -> tuple[Model, ...]:
        """The models that have a version, by name. Raises CannotDecide."""
        seen = self._snapshot()
        found = (self._read(seen, each) for each in seen.names(self._root))
        return tuple(each for each in found if each.ledger.rows)

    def model(self, name: str) -> Model:
        """What is recorded of a model, all empty where there is none. Raises CannotDecide."""
        return self._read(self._snapshot(), name)

    def publish(self, name: str, row: Row, location: str) -> Published:
        """Record a version, unless it is. Raises ChangedMeanwhile where it has another model."""
        there = row
        already = False

        def change(seen: Snapshot) -> Mapping[str, bytes]:
            nonlocal there, already
            known = self._read(seen, name).ledger
            found = known.rows.get(row.version) or known.removed.get(row.version)
            if found is not None and found.checksum != row.checksum:
                raise taken(found, name, row.checksum, f"{location}/{name}")
            if row.version in known.rows:
                there, already = known.rows[row.version], known.rows[row.version] != row
                return {}
            return self._added(seen, name, ledger.NAME, ledger.line(row))

        self._change(f"{name} {row.version} is published", change)
        return Published(row=there, reference="", already=already)

    def move(self, name: str, asked: Asked, location: str) -> Move:
        """Move a pointer, if it names what is expected."""
        own = secrets.token_hex(8)
        made: Move | None = None

        def change(seen: Snapshot) -> Mapping[str, bytes]:
            nonlocal made
            known = self._read(seen, name)
            done = [each for each in known.moves if each.id == own]
            if done:
                # Written, and the answer was lost on its way back.
                made = done[0]
                return {}
            current = known.pointers.get(names.pointer_name(asked.pointer), "")
            if asked.expected is not None and current != asked.expected:
                raise lost(name, asked.pointer, asked.expected, current)
            row = known.ledger.rows.get(asked.version)
            if row is None:
                there = [each.version for each in ledger.ordered(known.ledger.rows.values())]
                raise no_version(name, asked.version, there, location)
            made = asked.move(current, digest=str(row.digest), id=own)
            if current == row.version:
                return {}
            pointers = {**known.pointers, asked.pointer: row.version}
            text = json.dumps(pointers, indent=2, sort_keys=True) + "\n"
            moved = self._added(seen, name, history.NAME, history.line(made))
            return {**moved, self._path(name, _POINTERS): text.encode()}

        self._change(f"{asked.pointer} of {name} names {asked.version}", change)
        assert made is not None  # noqa: S101 - `change` was called
        return made

    def remove(self, name: str, versions: Sequence[str], at: str) -> tuple[Row, ...]:
        """Record that versions are removed, but for those that a pointer names by now."""
        gone: list[Row] = []

        def change(seen: Snapshot) -> Mapping[str, bytes]:
            known = self._read(seen, name)
            named = set(known.pointers.values())
            for pointer, target in known.pointers.items():
                named.add(history.previous(known.moves, pointer, target))
            rows = [known.ledger.rows.get(each) for each in versions if each not in named]
            gone[:] = [each for each in rows if each is not None]
            if not gone:
                return {}
            lines = "".join(ledger.removal(each.version, at) for each in gone)
            return self._added(seen, name, ledger.NAME, lines)

        self._change(f"versions of {name} are removed", change)
        return tuple(gone)

    def _snapshot(self) -> Snapshot:
        """The branch as it was a moment ago, so that a listing asks the remote once.

        Nothing is decided by it: a change reads the branch anew.
        """
        if self._seen is None or time.monotonic() - self._seen[0] > FRESH_SECONDS:
            self._seen = time.monotonic(), self._branch.snapshot()
        return self._seen[1]

    def _change(self, message: str, change: Change) -> None:
        self._seen = None
        self._branch.change(message, change)

    def _read(self, seen: Snapshot, name: str) -> Model:
        data = seen.read(self._path(name, _POINTERS))
        try:
            found = json.loads(data) if data else {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise CannotDecide(
                f"{_POINTERS} of {name} cannot be read",
                where=f"{self._path(name, _POINTERS)} on the branch {self._branch.name}",
                why="it is no JSON object",
                next="restore it from the branch's history",
            )
        return Model(
            name=name,
            ledger=ledger.parse(seen.read(self._path(name, ledger.NAME))),
            moves=history.parse(seen.read(self._path(name, history.NAME))),
            pointers={
                pointer: version
                for pointer, version in sorted(found.items())
                if names.is_pointer(pointer) and isinstance(version, str)
            },
        )

    def _added(self, seen: Snapshot, name: str, file: str, lines: str) -> dict[str, bytes]:
        path = self._path(name, file)
        return {path: seen.read(path) + lines.encode()}

    def _path(self, name: str, file: str) -> str:
        return f"{self._root}/{name}/{file}"
