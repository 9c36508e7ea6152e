"""The `fetch-model` action: find the model, get it, check it, let it appear."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ..core.dialect import Dialect
from ..core.errors import UsageError
from ..core.evidence import Findings
from ..core.inert import plain
from ..core.result import Result, Verdict
from ..gguf_file import BadModel, ModelFacts, facts
from ..gguf_file.ggml_types import type_name
from ..gguf_file.split import read_model
from . import found, report
from .addresses import is_file_name
from .cache import Cache, place_of
from .found import Found
from .http_client import HttpClient
from .locating import Locating, check_digests
from .obtaining import Obtained, Obtaining, WrongContent
from .options import Options, Outputs
from .placing import place
from .plan import Plan, plan, version_of
from .retrying import Tries
from .workers import Limits

GIB = 1 << 30


def run(options: Options, ci: Dialect) -> Result:
    """Fetch the model.

    Raises UsageError for inputs that do not fit, CannotDecide where the model is not to be had.
    """
    begun = time.monotonic()
    workspace = ci.workspace.resolve()
    planned = plan(options, workspace)
    limits = Limits(
        connections=options.connections,
        deadline=begun + options.timeout,
        stall=float(options.stall),
        retries=options.retries,
    )
    located = _located(planned, options, ci, workspace, limits)
    names = _names(options, located)
    obtaining = Obtaining(
        cache=Cache(place_of(options.cache, workspace, ci.environ)),
        limits=limits,
        cache_limit=int(options.cache_limit * GIB),
        ci=ci,
    )
    with ExitStack() as kept:
        try:
            files = [obtaining.obtain(each, kept) for each in located.files]
            known = _checked([each.path for each in files], ci) if options.check else None
        except (WrongContent, BadModel) as wrong:
            return _failed(options, located, wrong, ci)
        paths = _placed(options, files, names, workspace)
    version = version_of(planned, located.version, report.digest_of(files))
    seconds = time.monotonic() - begun
    told = report.outputs(files, paths, located.source, version, known, Verdict.PASS)
    return Result(
        Verdict.PASS,
        told,
        report.evidence(options, files, located.source, version, known, seconds),
        report.summary(options, told, files, known, seconds),
    )


def _located(
    planned: Plan, options: Options, ci: Dialect, workspace: Path, limits: Limits
) -> Found:
    """The files that the source names. Raises ActionError."""
    client = HttpClient(
        ci.environ,
        stall=limits.stall,
        allow_http=options.allow_http,
        connections=options.connections,
    )
    tries = Tries(retries=limits.retries, deadline=limits.deadline, say=ci.log)
    locating = Locating(options=options, workspace=workspace, ci=ci, client=client, tries=tries)
    located = found.with_digests(locating.locate(planned.source), planned.digests)
    check_digests(located)
    if located.movable:
        ci.notice(
            "the source names whatever is newest there, which another run may find changed; "
            f"pin it as {located.movable}"
        )
    return located


def _names(options: Options, located: Found) -> tuple[str, ...]:
    """How the files are called in the job's folder. Raises UsageError."""
    if options.place == "none" and len(located.files) > 1:
        raise UsageError(
            "a split model needs a folder of its own",
            where="input place",
            why="llama.cpp finds its files by their names, beside one another",
            next="let place be link or copy",
        )
    given = found.names(located.files[0].name, options.name)
    for each in given:
        if not is_file_name(each):
            raise UsageError(
                f"{each[:80]!r} cannot name a file",
                where=located.source,
                next="give the input name, such as model.gguf",
            )
    return given


def _checked(paths: Sequence[Path], ci: Dialect) -> ModelFacts:
    """The facts of the model. Raises BadModel."""
    parts = read_model(paths)
    unknown = sorted({kind for part in parts for kind in part.unknown_types})
    if unknown:
        ci.warning(
            "the model has tensors of types that are not known here: "
            f"{', '.join(type_name(each) for each in unknown)}. That they end inside the file was "
            "not checked, and an older llama.cpp will refuse them"
        )
    return facts(*parts)


def _placed(
    options: Options,
    files: Sequence[Obtained],
    names: Sequence[str],
    workspace: Path,
) -> list[str]:
    """Let the files appear; the paths that are told."""
    if options.place == "none":
        for each in files:
            if each.entry:
                each.entry.lease(options.lease * 3600)
        return [str(each.path) for each in files]
    folder = Path(os.path.normpath(workspace / Path(options.output).expanduser()))
    if not options.name:
        # Two models of one name, such as one and its baseline, must not replace one another.
        folder = folder / report.digest_of(files)[:12]
    for each, name in zip(files, names, strict=True):
        target = folder / name
        if each.entry is None and target.exists() and target.samefile(each.path):
            continue  # the source itself lies there
        # A hard link of a file that is not ours could be written to through the other name.
        how = place(each.path, target, options.place, hard=each.entry is not None)
        if how == "symbolic" and each.entry:
            each.entry.lease(options.lease * 3600)
    return [_told(folder / name, workspace) for name in names]


def _told(path: Path, workspace: Path) -> str:
    return path.relative_to(workspace).as_posix() if workspace in path.parents else str(path)


def _failed(
    options: Options, located: Found, wrong: WrongContent | BadModel, ci: Dialect
) -> Result:
    """Something else came than what was wanted, or what came is no sound model."""
    ci.error(f"{wrong.what}\n  where: {wrong.where}\n  why: {wrong.why}\n  next: {wrong.next}")
    return Result(
        Verdict.FAIL,
        Outputs(source=located.source, verdict=Verdict.FAIL.value),
        Findings(
            service=options.service,
            findings={"source": located.source, "error": wrong.what, "why": wrong.why},
        ),
        f"### Model: {Verdict.FAIL}\n\n{plain(wrong.what)}: {plain(wrong.why)}\n",
    )
