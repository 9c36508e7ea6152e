"""The actions as files of the target repository, for pipelines that cannot reach ours."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ci_gen.render.source import VENDOR_FOLDER

_SUFFIXES = frozenset({".py", ".yml", ".txt", ".json", ".css", ".js"})

# Of no use there: Python's leavings, and the root action's part, which needs the generator.
_LEFT_OUT = frozenset({"__pycache__", "ci_gen"})


def actions_folder() -> Path:
    """Where our actions lie: in the installed package, or beside generator/ in a checkout."""
    packaged = Path(__file__).parent.parent / "_actions"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "actions"


@cache
def vendored() -> dict[str, str]:
    """Path in the target repository -> text, for every file that the actions consist of."""
    folder = actions_folder()
    return {
        f"{VENDOR_FOLDER}/actions/{path.relative_to(folder).as_posix()}": path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES
        and path.is_file()
        and _LEFT_OUT.isdisjoint(path.relative_to(folder).parts)
    }
