"""Grades in a process of its own what may take for ever or crash. Started as a script.

Reads one object of JSON from standard input, `{"timeout": seconds, "jobs": [...]}`, and writes a
line of JSON for each job as soon as it is graded. A job that takes too long is interrupted; one
that cannot be interrupted ends the process, and the caller goes on behind it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

MEMORY = 4 << 30
"""The most address space of this process, in bytes."""
GRACE = 2.0
"""Seconds after its time that a job which cannot be interrupted ends the process."""


class TooLong(BaseException):
    """The time of a job is up."""


def main() -> int:
    """Grade every job; the exit status."""
    task = json.load(sys.stdin)
    out = _private_output()
    _limit_memory()
    functions: dict[tuple[str, str], Callable[..., Any]] = {}
    for job in task["jobs"]:
        line = json.dumps(_result(job, float(task["timeout"]), functions))
        out.write(f"{line}\n".encode("ascii", "backslashreplace"))
        out.flush()
    return 0


def _private_output() -> Any:
    """Where results go; what a custom grader prints goes to standard error."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "wb")


def _limit_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _result(job: dict[str, Any], timeout: float, functions: dict[Any, Any]) -> dict[str, Any]:
    rules = {"regex": _regex, "json-schema": _schema}
    try:
        if job["kind"] == "custom":
            # its import is the repository's code too, but counts for all questions
            function = _function(job, functions, timeout)
            with _bounded(timeout):
                return _told(function(job["question"], job["reply"]))
        with _bounded(timeout):
            return rules[job["kind"]](job)
    except TooLong:
        return {"correct": False, "note": f"grading took longer than {timeout:g} s", "late": True}
    except MemoryError:
        return {"correct": False, "note": "grading took too much memory", "late": True}
    except BaseException as error:
        return {"problem": f"{type(error).__name__}: {error}"[:500]}


@contextlib.contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    def stop(_signum: int, _frame: FrameType | None) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, stop)
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def _regex(job: dict[str, Any]) -> dict[str, Any]:
    settings = job["settings"]
    flags = re.RegexFlag(0)
    for letter in settings["flags"]:
        flags |= {"i": re.I, "m": re.M, "s": re.S, "x": re.X}[letter]
    for pattern in job["expected"]:
        compiled = re.compile(pattern, flags)
        found = compiled.fullmatch if settings["full"] else compiled.search
        if found(job["reply"]):
            return {"correct": True}
    return {"correct": False, "note": "no pattern matches"}


def _schema(job: dict[str, Any]) -> dict[str, Any]:
    import jsonschema
    from referencing import Registry

    schema = job["settings"]["schema"]
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    cls.check_schema(schema)
    try:
        value = _json_in(job["reply"])
    except (ValueError, RecursionError):
        return {"correct": False, "note": "there is no JSON in it"}
    # an empty registry: a reference to another document is an error, and nothing is fetched
    error = jsonschema.exceptions.best_match(cls(schema, registry=Registry()).iter_errors(value))
    if error is None:
        return {"correct": True}
    return {"correct": False, "note": f"{error.json_path}: {error.message}"[:500]}


def _json_in(text: str) -> Any:
    """The JSON of an answer: all of it, what a fence holds, or the first object or list."""
    with contextlib.suppress(ValueError):
        return json.loads(text)
    fence = re.search(r"```(?:json)?[ \t]*\n(.*?)```", text, re.DOTALL)
    if fence:
        with contextlib.suppress(ValueError):
            return json.loads(fence[1])
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        raise ValueError("no JSON")
    return json.JSONDecoder().raw_decode(text, start)[0]


def _function(job: dict[str, Any], functions: dict[Any, Any], timeout: float) -> Any:
    key = (job["settings"]["file"], job["settings"]["function"])
    if key not in functions:
        import runpy

        with _bounded(timeout):
            found = runpy.run_path(job["path"]).get(key[1])
        if not callable(found):
            raise LookupError(f"there is no function {key[1]} in it")
        functions[key] = found
    return functions[key]


def _told(value: Any) -> dict[str, Any]:
    """What a custom grader returned: true or false, a score, or an object with both."""
    if isinstance(value, dict):
        score = value.get("score", value.get("correct"))
        correct = value.get("correct", isinstance(score, (int, float)) and score >= 0.5)
        note = str(value.get("note", ""))[:500]
    else:
        score, note = value, ""
        correct = value if isinstance(value, bool) else None
        if isinstance(value, (int, float)):
            correct = value >= 0.5
    if not isinstance(correct, (bool, int)) or not isinstance(score, (bool, int, float)):
        raise TypeError(f"it returned {value!r:.80}, which is no grade")
    if not 0 <= score <= 1:
        raise ValueError(f"it returned the score {score}, which is not from 0 to 1")
    return {"correct": bool(correct), "score": float(score), "note": note}


if __name__ == "__main__":
    sys.exit(main())
