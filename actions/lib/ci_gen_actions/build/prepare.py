"""What happens before a build: the machine is looked at, and its GPUs are locked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from ..core.dialect import Dialect
from ..core.result import Verdict
from . import capacity, gpu_lock, preflight, preflight_report
from .facts import CudaChoice, Folders, Machine
from .findings import Facts, Finding, Level
from .options import Options
from .report import Story
from .stop import Stop
from .survey import again, survey


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the build goes on with.

    `cuda` is None for a CPU build. `gpu_locks` are descriptors for children that compute on a
    GPU: one that outlives a killed run keeps its card locked.
    """

    cuda: CudaChoice | None = None
    facts: Facts | None = None
    gpu_locks: tuple[int, ...] = ()


@contextmanager
def prepared(
    options: Options,
    machine: Machine,
    folders: Folders,
    environ: Mapping[str, str],
    ci: Dialect,
    story: Story,
) -> Iterator[Prepared]:
    """Check the machine; then hold its GPUs until the end.

    Raises Stop where a check fails, CannotDecide where another job keeps a GPU for too long.
    """
    if options.backend != "cuda":
        there = capacity.measure(folders.build, machine.memory)
        _tell(None, preflight.for_cpu(options, there), ci, story)
        yield Prepared()
        return
    facts = survey(options, machine, folders, environ)
    found = preflight.findings(options, facts)
    if any(each.level is Level.ERROR for each in found):
        _tell(facts, found, ci, story)
    where = gpu_lock.folder(options.gpu_lock_folder)
    uuids = [each.uuid for each in facts.gpus]
    who = gpu_lock.who(ci, options.service)
    with gpu_lock.held(uuids, where, ci, options.gpu_wait, who) as locks:
        if locks.waited:
            facts = again(facts, environ)
            found = preflight.findings(options, facts)
        _tell(facts, found, ci, story)
        yield Prepared(cuda=preflight.choice(options, facts), facts=facts, gpu_locks=locks.handles)


def _tell(facts: Facts | None, found: tuple[Finding, ...], ci: Dialect, story: Story) -> None:
    """Say and keep what was found. Raises Stop where an error is among it."""
    story.facts, story.checks = facts, found
    with ci.group("Checks before the build") if found else nullcontext():
        for line in preflight_report.lines(facts, found):
            ci.log(line)
    for each in found:
        if each.level is Level.WARNING:
            ci.warning(str(each))
    errors = [str(each) for each in found if each.level is Level.ERROR]
    if errors:
        raise Stop(Verdict.ERROR, "\n".join(errors))
