"""Looks at every tracked file once."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from ..core.dialect import Dialect
from ..core.git import printable
from ..core.globs import compile_patterns
from ..core.inert import code, plain, table
from ..core.result import Result, Verdict
from .options import Options, Outputs
from .rules import RULES, Finding, not_run, oversized
from .tree import (
    LINK,
    SUBMODULE,
    Entry,
    check_link,
    check_submodule,
    registered_submodules,
    tracked,
)

READ_BYTES = 8 * 1024 * 1024
"""Larger files are data: only their size is looked at."""
SHOWN = 100


def run(options: Options, ci: Dialect) -> Result:
    """Check the tracked files that `exclude` does not match."""
    everything = tracked(ci.workspace)
    excluded = compile_patterns(options.exclude)
    looked_at = [each for each in everything if not excluded.match(each.path)]
    submodules = tuple(each.path for each in everything if each.mode == SUBMODULE)
    registered = registered_submodules(ci.workspace)
    findings: list[Finding] = []
    for entry in looked_at:
        if entry.mode == SUBMODULE:
            findings += check_submodule(entry, registered)
        elif entry.mode == LINK:
            findings += check_link(ci.workspace, entry, submodules)
        else:
            findings += check_file(ci.workspace, entry, options.max_file_kib)
    verdict = _verdict(findings, len(looked_at))
    for each in findings[:SHOWN]:
        ci.error(f"{each.message} [{each.rule}]", file=printable(each.file), line=each.line)
    if verdict is Verdict.NO_DATA:
        ci.warning("no tracked file was looked at: there are none, or exclude matches them all")
    ci.log(f"{len(looked_at)} files looked at, {len(findings)} mistakes found")
    return Result(
        verdict,
        Outputs(verdict=verdict.value, files=len(looked_at), findings=len(findings)),
        evidence={
            "findings": {
                "files": len(looked_at),
                "excluded": len(everything) - len(looked_at),
                "not-run": list(not_run()),
                "mistakes": [
                    {
                        "rule": each.rule,
                        "file": printable(each.file),
                        "line": each.line,
                        "message": printable(each.message),
                    }
                    for each in findings[:SHOWN]
                ],
            }
        },
        summary=_summary(verdict, findings, len(looked_at)),
    )


def check_file(workspace: Path, entry: Entry, limit_kib: int) -> Iterator[Finding]:
    """What is wrong with one file; nothing for one that is not checked out."""
    if entry.stage:
        yield Finding(
            rule="unmerged",
            file=entry.path,
            line=0,
            message="git's index holds an unfinished merge of this file",
        )
    path = workspace / entry.path
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            return
        text = path.read_bytes() if facts.st_size <= READ_BYTES else b""
    except FileNotFoundError:
        return
    except OSError as error:
        yield Finding(
            rule="unreadable", file=entry.path, line=0, message=f"cannot be read: {error.strerror}"
        )
        return
    yield from oversized(entry.path, facts.st_size, limit_kib)
    for rule in RULES if facts.st_size <= READ_BYTES else ():
        yield from rule(entry.path, text)


def _verdict(findings: list[Finding], looked_at: int) -> Verdict:
    if findings:
        return Verdict.FAIL
    return Verdict.PASS if looked_at else Verdict.NO_DATA


def _summary(verdict: Verdict, findings: list[Finding], looked_at: int) -> str:
    text = (
        f"### Quick checks: {verdict}\n\n{looked_at} files looked at, {len(findings)} mistakes.\n"
    )
    for rule in not_run():
        text += f"\n`{rule}` was not run: it needs a newer Python on the runner.\n"
    if not findings:
        return text
    rows = [
        (code(_place(each)), plain(printable(each.message)), code(each.rule))
        for each in findings[:SHOWN]
    ]
    return f"{text}\n{table(('File', 'Mistake', 'Rule'), rows)}"


def _place(finding: Finding) -> str:
    file = printable(finding.file)
    return f"{file}:{finding.line}" if finding.line else file
