"""What generate and check tell a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ci_gen._version import __version__
from ci_gen.write.drift import Report
from ci_gen.write.fast import clean_text
from ci_gen.write.generate import Outcome
from ci_gen.write.plan import Decision, Status
from ci_gen.write.root import BACKUP, CONFLICTS
from ci_gen.write.show import change

_COLOURS = (
    (re.compile(r"^(---|\+\+\+)"), "1"),
    (re.compile(r"^@@"), "36"),
    (re.compile(r"^\+"), "32"),
    (re.compile(r"^-"), "31"),
)


def generated_json(done: Outcome) -> dict[str, Any]:
    """The stable document of `ci-gen generate --json`."""
    status = "drift" if done.exit_status else "changed" if done.changed else "clean"
    return {
        "status": status,
        "ci_gen": __version__,
        "files": [
            {"path": one.path, "status": one.status.value, "why": one.why} for one in done.decisions
        ],
        "notes": list(done.notes),
    }


def generated_text(done: Outcome, dry_run: bool = False) -> str:
    """What was done to each file, then what is left to do by hand."""
    lines = list(done.notes)
    quiet = 0
    for one in done.decisions:
        if one.status is Status.UNCHANGED and not one.why:
            quiet += 1
        else:
            lines.append(f"{one.status.value:<10}{one.path}{f': {one.why}' if one.why else ''}")
    if quiet:
        lines.append(f"{Status.UNCHANGED.value:<10}{quiet} file{'' if quiet == 1 else 's'}")
    for one in done.decisions:
        lines += _advice(one, done)
    if dry_run:
        lines.append("Nothing was written (--dry-run).")
    return "\n".join(lines) + "\n"


def _advice(one: Decision, done: Outcome) -> Iterator[str]:
    """What to do about a file that was left alone or replaced."""
    if one.backup:
        yield f"\nThe former {one.path} is in {BACKUP}/."
    if not one.status.unresolved:
        return
    yield f"\n{one.path} was left as it is: {one.why}."
    if one.status is Status.CONFLICT:
        yield f"What would have been generated lies in {CONFLICTS}/{one.path}:"
        yield change(one, done.texts).rstrip("\n")
        yield "Bring what you want of it into the file, then take the file as it is:"
        yield f"  ci-gen generate --keep {one.path}"
        yield "or give up the hand edit (a copy is kept):"
    else:
        yield "Generate it under another name, in ci-gen.yaml:"
        yield f"  files:\n    {one.path}: <another path>"
        if one.file.blocked:
            return
        yield "or overwrite it (a copy is kept):"
    yield f"  ci-gen generate --force {one.path}"


def drift_text(found: Report, diffs: bool = False) -> str:
    """Every file that drifted and why, then what to do."""
    notes = "".join(f"{note}\n" for note in found.notes)
    if not found.drifted:
        files = {one.path: one.kept for one in found.findings}
        return clean_text(files) + notes
    lines = [f"drift: {len(found.drifted)} of {len(found.findings)} files"]
    for one in found.findings:
        if one.causes:
            lines.append(f"  {one.path}: {one.status}: {one.why}")
            lines += [one.diff.rstrip("\n")] if diffs and one.diff else []
        elif one.kept:
            lines.append(f"  {one.path}: {one.why}")
    text = "\n".join(lines) + f"\n{notes}"
    return f"{text}Run `ci-gen generate` to bring them up to date; `ci-gen diff` shows how.\n"


def coloured(diff: str) -> str:
    """A unified diff with ANSI colours."""
    return "".join(map(_colour, diff.splitlines(keepends=True)))


def _colour(line: str) -> str:
    for pattern, code in _COLOURS:
        if pattern.match(line):
            text = line.rstrip("\n")
            return f"\x1b[{code}m{text}\x1b[0m{line[len(text) :]}"
    return line
