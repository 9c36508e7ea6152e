"""Records in every wheel and sdist which commit it was built from.

Generated pipelines pin our actions at that commit; see ci_gen/origin.py.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RECORD = "generator/ci_gen/_origin.json"


class OriginHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the record, unless this is a build from an sdist, which carries it already."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the record to a temporary file and have it packed."""
        root = Path(self.root)
        if version == "editable" or (root / RECORD).exists():
            return
        commit = _git(root, "rev-parse", "HEAD")
        if not commit or not (root / ".git").exists():
            return
        document = {"commit": commit, "repository": _slug(self.metadata.core.urls["Repository"])}
        path = Path(tempfile.mkdtemp()) / "_origin.json"
        path.write_text(json.dumps(document) + "\n", "utf-8")
        target = RECORD if self.target_name == "sdist" else "ci_gen/_origin.json"
        build_data["force_include"][str(path)] = target


def _slug(url: str) -> str:
    return "/".join(url.rstrip("/").split("/")[-2:])


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
