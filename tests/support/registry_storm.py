"""Many publishers and promoters at once, each killed at random moments; and what is left then.

A writer notes each publication and each move after it was told that it is done. What was told so
must be there in the end, whatever was killed before or after.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.gguf_files import tiny

from ci_gen_actions.core.errors import ActionError, ChangedMeanwhile, UsageError
from ci_gen_actions.model_registry import draft, history, open_registry
from ci_gen_actions.model_registry.operations import Stamp, now, promote, rollback
from ci_gen_actions.model_registry.registry import ModelRegistry

NAME = "storm"
POINTERS = ("latest", "staging", "production")
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the writers meet. `checkouts` are one for each writer, or one for all."""

    location: str
    checkouts: Sequence[Path]
    username: str = ""
    password: str = ""

    def open(self, writer: int = 0) -> ModelRegistry:
        """The registry as a writer sees it."""
        return open_registry(
            self.location,
            base=self.checkouts[writer % len(self.checkouts)],
            username=self.username,
            password=self.password,
        )


@dataclass(kw_only=True)
class Storm:
    """What happened: kills, what writers were told was done, and what was wrong afterwards."""

    kills: int = 0
    ended: int = 0
    published: int = 0
    moved: int = 0
    refused: int = 0
    leftovers: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def storm(site: Site, folder: Path, *, writers: int, lives: int, life: float, seed: int) -> Storm:
    """Let each writer live `lives` times for up to `life` seconds, then look at everything.

    The last life of a writer ends by itself, so that the registry is used after the kills, too.
    """
    found, dice, started = Storm(), random.Random(seed), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    live: dict[int, tuple[Any, float, int]] = {}

    def begin(writer: int, number: int) -> None:
        last = number == lives - 1
        # From the first moments on: opening, staging and the first lock are steps, too.
        until = time.monotonic() + (life if last else dice.uniform(0.0, 1.0) ** 2 * life)
        arguments = (site, folder, writer, number, seed * 1000 + writer * 100 + number, life, last)
        child = _FORK.Process(target=_write, args=arguments)
        child.start()
        live[writer] = (child, until, number)

    for writer in range(writers):
        begin(writer, 0)
    while live:
        time.sleep(0.005)
        for writer, (child, until, number) in list(live.items()):
            last = number == lives - 1
            if not last and time.monotonic() >= until and child.is_alive():
                os.kill(child.pid, signal.SIGKILL)
                found.kills += 1
            if child.is_alive():
                continue
            child.join()
            if child.exitcode not in (0, -signal.SIGKILL):
                found.wrong.append(f"writer {writer} ended with {child.exitcode}")
            found.ended += child.exitcode == 0
            del live[writer]
            if not last:
                begin(writer, number + 1)
    found.seconds = time.monotonic() - started
    _judge(site, folder, found)
    return found


def _write(
    site: Site, folder: Path, writer: int, number: int, seed: int, life: float, last: bool
) -> None:
    dice = random.Random(seed)
    until = time.monotonic() + life
    notes = folder / f"writer-{writer}.jsonl"
    registry = site.open(writer)
    own = folder / f"model-{writer}-{number}.gguf"
    step = 0
    while time.monotonic() < until or (last and step == 0):
        step += 1
        try:
            told = _step(registry, dice, own, f"{writer}.{number}.{step}")
        except (ChangedMeanwhile, UsageError) as error:
            told = {"op": "refused", "what": error.what}
        if told:
            _note(notes, told)
    os._exit(0)


def _step(registry: ModelRegistry, dice: random.Random, own: Path, mark: str) -> dict[str, str]:
    """One publication or one move; what to note of it."""
    kind = dice.random()
    if kind < 0.5:
        # Of the contended versions only one model may ever be published.
        number = f"9.{dice.randrange(40)}" if kind < 0.15 else f"1.{mark}"
        own.write_bytes(tiny(name=mark) + dice.randbytes(dice.randrange(200_000)))
        given = draft.Given(name=NAME, version=number, at=now(), by=mark)
        made = registry.publish(draft.draft([own], (), given))
        return {"op": "publish", "version": number, "checksum": made.row.checksum}
    versions = registry.versions(NAME)
    if not versions:
        return {}
    pointer = dice.choice(POINTERS)
    stamp = Stamp(at=now(), by=mark, reason=mark)
    if kind < 0.9:
        version = dice.choice(versions).version
        move = promote(registry, NAME, version, pointer, stamp)
    else:
        move = rollback(registry, NAME, pointer, stamp)
    if move.before == move.version:
        return {}
    return {"op": "move", "pointer": pointer, "version": move.version, "reason": mark}


def _note(path: Path, told: dict[str, str]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    # A writer that was killed while it noted was told that it was done, and that is all.
    os.write(handle, (json.dumps(told) + "\n").encode())
    os.close(handle)


def _judge(site: Site, folder: Path, found: Storm) -> None:
    registry = site.open()
    told = [
        json.loads(line)
        for path in sorted(folder.glob("writer-*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    found.leftovers = len(_attempted(lambda: registry.clean(dry_run=False), found))
    problems = _attempted(lambda: registry.problems(NAME), found)
    found.wrong += [f"after gc: {each}" for each in problems]
    rows = {each.version: each for each in registry.versions(NAME)}
    moves, pointers = registry.history(NAME), registry.pointers(NAME)
    happened = {
        each.reason
        for pointer in POINTERS
        for each in history.happened(moves, pointer, pointers.get(pointer, ""))
    }
    for note in told:
        if note["op"] == "publish":
            found.published += 1
            row = rows.get(note["version"])
            if row is None or row.checksum != note["checksum"]:
                found.wrong.append(f"{note['version']} was told to be published: {row}")
        elif note["op"] == "move":
            found.moved += 1
            if note["reason"] not in happened:
                found.wrong.append(f"a move is lost: {note}")
        else:
            found.refused += 1


def _attempted(call: Callable[[], Sequence[Any]], found: Storm) -> Sequence[Any]:
    try:
        return call()
    except ActionError as error:
        found.wrong.append(str(error))
        return ()
