"""Which commits are the change, and whether all of them are in the checkout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..changes.options import Options as ChangesOptions
from ..changes.plan import Unknown, comparison
from ..core.dialect import Dialect
from ..core.git import git

Range = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """The commits to scan, as words for `git log`; none where `revisions` is empty.

    `count` is how many there are, `why` says which, and `missing` why they are not all that
    should be scanned, "" where they are.
    """

    revisions: tuple[str, ...] = ()
    count: int = 0
    why: str
    missing: str = ""


def history(base: str, ci: Dialect) -> History:
    """The commits of the change. Asks git alone."""
    workspace = ci.workspace
    head = _commit(workspace, "HEAD")
    if not head:
        return History(why="there is no commit yet")
    compared = comparison(ChangesOptions(base=base), ci.name, ci.environ, _event(ci.environ))
    shallow = git(workspace, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    if isinstance(compared, Unknown):
        why = f"all commits of the checkout ({compared.why})"
        missing = "the checkout is shallow, so that older commits were not scanned"
        return _counted(workspace, (head,), why, missing if shallow else "")
    start = _commit(workspace, compared.base)
    if start:
        return _counted(workspace, (head, f"^{start}"), f"the commits since {compared.why}", "")
    why = f"the commits of the checkout, since {compared.why} is not in it"
    return _counted(
        workspace,
        (head,),
        why,
        f"{compared.why}, {compared.base[:12]}, is not in the checkout, so that commits of the "
        "change may be missing",
    )


def _counted(workspace: Path, revisions: Range, why: str, missing: str) -> History:
    done = git(workspace, "rev-list", "--count", *revisions, "--")
    count = int(done.stdout) if done.ok and done.stdout.strip().isdigit() else 0
    return History(revisions=revisions, count=count, why=why, missing=missing)


def _commit(workspace: Path, name: str) -> str:
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    done = git(workspace, *words)
    return done.stdout.decode("ascii", "replace").strip() if done.ok else ""


def _event(environ: Mapping[str, str]) -> Mapping[str, Any]:
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        found = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
