"""Measures the difference with git, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.git import git, last_line, paths, printable
from ..core.inert import listed, plain
from ..core.result import Result, Verdict
from .options import Options, Outputs
from .plan import (
    Comparison,
    Decision,
    Unknown,
    comparison,
    decide,
    everything,
    fetchable,
    parse_areas,
)

FETCH_SECONDS = 60.0
LISTED = 200
"""How many file names the evidence keeps."""


def run(options: Options, ci: Dialect) -> Result:
    """Decide whether code is affected; never false unless a difference was really measured."""
    areas = parse_areas(options.areas)
    compared = comparison(options, ci.name, ci.environ, _event(ci.environ))
    inputs: dict[str, str] = {}
    if isinstance(compared, Unknown):
        decision = everything(compared.why, areas)
    else:
        try:
            base, head = _commits(ci.workspace, compared)
            inputs = {"base": base, "head": head}
            files = changed_files(ci.workspace, base, head)
            decision = decide(files, options.ignore, compared.why, areas)
        except CannotDecide as error:
            why = f"{error.what} ({error.why})" if error.why else error.what
            decision = everything(why, areas)
            ci.warning(decision.reason)
    ci.log(f"code={'true' if decision.code else 'false'}: {decision.reason}")
    return Result(
        Verdict.PASS,
        Outputs(
            code=decision.code,
            areas=f",{','.join(decision.areas)}," if decision.areas else "",
            files=len(decision.files),
            reason=" ".join(decision.reason.split()),
        ),
        evidence={
            "inputs": inputs,
            "findings": {
                "files": [printable(each) for each in decision.files[:LISTED]],
                "relevant": [printable(each) for each in decision.relevant[:LISTED]],
                "areas": list(decision.areas),
            },
        },
        summary=_summary(decision),
    )


def changed_files(workspace: Path, base: str, head: str) -> list[str]:
    """Every path that differs; a renamed file counts with its old path and its new one.

    Raises CannotDecide.
    """
    done = git(
        workspace,
        *("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff"),
        # .gitmodules can ask for a submodule to be left out of every difference.
        "--ignore-submodules=none",
        base,
        head,
        "--",
    )
    if not done.ok:
        raise CannotDecide("the difference could not be measured", why=last_line(done))
    return paths(done.stdout)


def _commits(workspace: Path, compared: Comparison) -> tuple[str, str]:
    head = _resolved(workspace, compared.head)
    if not head:
        raise CannotDecide(f"commit {compared.head} is not in this checkout")
    if compared.merged_head and _resolved(workspace, "HEAD^2") == compared.merged_head:
        first = _resolved(workspace, "HEAD^1")
        if first:
            return first, head
    base = _resolved(workspace, compared.base)
    if not base and fetchable(compared.base):
        _fetch(workspace, compared.base)
        base = _resolved(workspace, compared.base)
    if not base:
        raise CannotDecide(f"commit {compared.base} is not in this checkout")
    return base, head


def _resolved(workspace: Path, name: str) -> str:
    """The commit that `name` stands for, "" where it is not here."""
    done = git(
        workspace,
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"),
    )
    return done.stdout.decode("ascii", "replace").strip() if done.ok else ""


def _fetch(workspace: Path, commit: str) -> None:
    """Bring one commit into a shallow checkout."""
    shallow = git(workspace, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    # In a whole checkout --depth would cut the history off.
    depth = ("--depth=1",) if shallow else ()
    done = git(
        workspace,
        *("fetch", "--no-tags", "--no-recurse-submodules", "--quiet", *depth, "origin", commit),
        timeout=FETCH_SECONDS,
    )
    if not done.ok:
        raise CannotDecide(f"commit {commit} could not be fetched", why=last_line(done))


def _event(environ: Mapping[str, str]) -> Mapping[str, Any]:
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        found = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _summary(decision: Decision) -> str:
    effect = _effect(decision)
    text = f"### Changes\n\n**{effect}**: {plain(decision.reason)}.\n"
    if not decision.files:
        return text
    title = "Files that can affect it" if decision.relevant else "Files that differ"
    names = [printable(each) for each in decision.relevant or decision.files]
    return f"{text}\n<details><summary>{title}</summary>\n\n{listed(names)}\n</details>\n"


def _effect(decision: Decision) -> str:
    if decision.code:
        return "Builds and tests run"
    if decision.areas:
        return f"Only what concerns {', '.join(decision.areas)} runs"
    return "Builds and tests are not needed"
