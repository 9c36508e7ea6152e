"""Runs one action from its inputs to its exit status: the one place that catches errors."""

from __future__ import annotations

import dataclasses
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from .dialect import Dialect, detect
from .errors import (
    EXIT_INTERRUPTED,
    EXIT_UNDECIDED,
    ActionError,
    CannotDecide,
    Interrupted,
    UsageError,
)
from .evidence import SCHEMA, Evidence, path_of, started_text, write
from .options import declarations, package_of, texts, to_text
from .reading import nearest, read, unknown_variables
from .result import Result, Verdict

REPORT = "https://github.com/ci-gen/ci-gen/issues"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Action:
    """One action: its name and the three things that its package provides."""

    name: str
    options: type[Any]
    outputs: type[Any]
    run: Callable[[Any, Dialect], Result]


def names() -> tuple[str, ...]:
    """The names of all actions: the packages beside `core` that declare options."""
    found = Path(__file__).parents[1].glob("*/options.py")
    packages = (each.parent.name for each in found if each.parent.name != "core")
    return tuple(sorted(package.replace("_", "-") for package in packages))


def load(name: str) -> Action:
    """The action of that name. Raises UsageError for one that does not exist."""
    known = names()
    if name not in known:
        near = nearest(name, known)
        raise UsageError(
            f"there is no action {name!r}" + (f" - did you mean {near}?" if near else ""),
            next=f"the actions are: {', '.join(known)}",
        )
    package = f"ci_gen_actions.{package_of(name)}"
    declared: Any = importlib.import_module(f"{package}.options")
    code: Any = importlib.import_module(f"{package}.run")
    return Action(name=name, options=declared.Options, outputs=declared.Outputs, run=code.run)


def main(name: str, arguments: Sequence[str] = ()) -> int:
    """Run the action `name` in this process; the exit status."""
    environ = dict(os.environ)
    ci = detect(environ)
    try:
        with signals():
            if "--help" in arguments or "-h" in arguments:
                return _help(name)
            return _run(name, arguments, environ, ci)
    except Interrupted as interrupted:
        ci.error(f"{name} was stopped by {signal.Signals(interrupted.signum).name}")
        return EXIT_INTERRUPTED
    except ActionError as error:
        _show(ci, error)
        return error.exit_status
    except OSError as error:
        _show(ci, _refused(error))
        return EXIT_UNDECIDED
    except Exception:
        _show_bug(ci, name)
        return EXIT_UNDECIDED


def _run(name: str, arguments: Sequence[str], environ: Mapping[str, str], ci: Dialect) -> int:
    action = load(name)
    options: Any = read(action.options, name, environ, arguments)
    for each in declarations(action.options):
        if each.secret:
            ci.mask(str(getattr(options, each.field)))
    for problem in unknown_variables(action.options, name, environ, names()):
        ci.warning(str(problem))
    stage = getattr(options, "evidence_name", "")
    path = path_of(ci.workspace, stage) if stage else None
    if path:
        # What an earlier run left must never speak for this one.
        path.unlink(missing_ok=True)
    started, clock = time.time(), time.monotonic()
    result, status = _guarded(action, options, ci)
    outputs = _outputs(action, result)
    if path:
        seconds = round(time.monotonic() - clock, 3)
        begun = started_text(started)
        write(path, _evidence(action, options, result, outputs, ci, started=begun, seconds=seconds))
    if result.summary:
        ci.summary(result.summary)
    ci.outputs(name, outputs)
    return status


def _evidence(
    action: Action,
    options: Any,
    result: Result,
    outputs: Mapping[str, str],
    ci: Dialect,
    *,
    started: str,
    seconds: float,
) -> Evidence:
    told = result.evidence
    return {
        "schema": SCHEMA,
        "stage": options.evidence_name,
        "action": action.name,
        "job": ci.job,
        "service": told.get("service", getattr(options, "service", "")),
        "commit": ci.commit or _head(ci.workspace),
        "verdict": result.verdict.value,
        "started": started,
        "seconds": seconds,
        "inputs": told.get("inputs", {}),
        "outputs": outputs,
        "findings": told.get("findings", {}),
        "tools": told.get("tools", {}),
    }


def _guarded(action: Action, options: Any, ci: Dialect) -> tuple[Result, int]:
    """The action's result; an error becomes the verdict ERROR with a status of its own."""
    try:
        result = action.run(options, ci)
        return result, result.status
    except ActionError as error:
        _show(ci, error)
        return _error_result(error.what), error.exit_status
    except OSError as error:
        refused = _refused(error)
        _show(ci, refused)
        return _error_result(refused.what), refused.exit_status
    except Exception as error:
        _show_bug(ci, action.name)
        return _error_result(f"{type(error).__name__}: {error}"), EXIT_UNDECIDED


def _refused(error: OSError) -> CannotDecide:
    """The machine refused something: a full disk, a folder that is not ours."""
    where = " ".join(os.fsdecode(name) for name in (error.filename, error.filename2) if name)
    return CannotDecide(f"the machine refused: {error.strerror or error}", where=where)


def _error_result(what: str) -> Result:
    return Result(Verdict.ERROR, evidence={"findings": {"error": what}})


def _outputs(action: Action, result: Result) -> dict[str, str]:
    """The texts of the outputs; after an error the defaults, with the verdict."""
    if result.outputs is not None:
        return texts(result.outputs)
    declared = {each.name: to_text(each.default) for each in declarations(action.outputs)}
    if "verdict" in declared:
        declared["verdict"] = result.verdict.value
    return declared


def _show(ci: Dialect, error: ActionError) -> None:
    ci.error(str(error), file=error.file, line=error.line)


def _show_bug(ci: Dialect, name: str) -> None:
    import traceback

    ci.log(traceback.format_exc())
    ci.error(
        f"{name} stopped because of a mistake of ours. Please report the traceback above, "
        f"with the inputs, at {REPORT}"
    )


def _head(workspace: Path) -> str:
    from .process import capture

    try:
        done = capture(["git", "rev-parse", "HEAD"], cwd=workspace, timeout=10)
    except ActionError:
        return ""
    return done.stdout.decode("ascii", "replace").strip() if done.ok else ""


def _help(name: str) -> int:
    from .document import command_help

    sys.stdout.write(command_help(load(name).options, name))
    return 0


@contextmanager
def signals() -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into `Interrupted`, once: clean-up is not interrupted."""

    def stop(signum: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(signum)

    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.getsignal(each) for each in caught}
    for each in caught:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
