"""Killed before each of its calls to the system, a writer leaves the old state or the new one."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.model_registries import AT, STAMP, model, version

from ci_gen_actions.model_registry.folder import FolderRegistry
from ci_gen_actions.model_registry.operations import promote, rollback
from ci_gen_actions.model_registry.registry import Draft

CALLS = ("open", "write", "fsync", "mkdir", "rename", "replace", "symlink", "unlink", "ftruncate")


def _die_at(moment: int) -> None:
    """Kill this process before its call number `moment` of those that change something."""
    count = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count > moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return instead

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


def _killed(work: Callable[[], object], moment: int) -> bool:
    """Do the work in a process that dies at a moment; whether it died."""

    def child() -> None:
        _die_at(moment)
        work()
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _state(registry: FolderRegistry) -> tuple[object, ...]:
    rows = {each.version: each.checksum for each in registry.versions("tiny-chat")}
    return rows, dict(registry.pointers("tiny-chat"))


def _works(drafts: list[Draft]) -> dict[str, Callable[[FolderRegistry], object]]:
    return {
        "publish": lambda registry: registry.publish(drafts[2]),
        "promote": lambda registry: promote(registry, "tiny-chat", "1.1", "latest", STAMP),
        "rollback": lambda registry: rollback(registry, "tiny-chat", "production", STAMP),
        "remove": lambda registry: registry.remove("tiny-chat", ["1.3"], AT),
    }


@pytest.mark.parametrize("name", ["publish", "promote", "rollback", "remove"])
def test_old_or_new_at_each_step(tmp_path: Path, name: str) -> None:
    drafts = [version(model(tmp_path / "in", each), each) for each in ("1.0", "1.1", "1.2", "1.3")]
    work = _works(drafts)[name]
    moment, died = 0, True
    while died:
        registry = FolderRegistry(tmp_path / f"models-{moment}")
        for each in (drafts[0], drafts[1], drafts[3]):
            registry.publish(each)
        for pointer, wanted in (("latest", "1.0"), ("production", "1.0"), ("production", "1.1")):
            promote(registry, "tiny-chat", wanted, pointer, STAMP)
        old = _state(registry)
        died = _killed(lambda registry=registry: work(registry), moment)  # type: ignore[misc]
        left = _state(registry)
        assert not [each for each in registry.problems("tiny-chat") if not each.note], moment
        registry.clean(dry_run=False)
        assert registry.problems("tiny-chat") == ()
        assert _state(registry) == left
        work(registry) if name != "rollback" or left == old else None
        new = _state(registry)
        assert left in (old, new), moment
        assert registry.problems("tiny-chat") == ()
        moment += 1
    assert new != old
    assert moment > 3
