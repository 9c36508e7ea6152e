"""GitLab CI: sections, a dotenv file for outputs, the summary in the log."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from .dialect import Dialect, Event
from .errors import CannotDecide
from .files import write_atomically

DOTENV = "ci-gen.env"
"""The file in `$CI_PROJECT_DIR` that jobs name under `artifacts:reports:dotenv`."""

_COLOURS = {"notice": "36", "warning": "33", "error": "31"}


class GitLab(Dialect):
    """A job of a GitLab pipeline."""

    name = "gitlab"

    @property
    def workspace(self) -> Path:
        """`$CI_PROJECT_DIR`."""
        return Path(self.environ.get("CI_PROJECT_DIR") or Path.cwd())

    @property
    def commit(self) -> str:
        """`$CI_COMMIT_SHA`."""
        return self.environ.get("CI_COMMIT_SHA", "")

    @property
    def job(self) -> str:
        """`$CI_JOB_NAME` without the suffix of a matrix row: `build: [12.4]` -> `build`."""
        return re.sub(r":? \[[^\]]*\]$| \d+/\d+$", "", self.environ.get("CI_JOB_NAME", ""))

    @property
    def event(self) -> Event:
        """Out of `$CI_COMMIT_BRANCH`, which a merge request's pipeline lacks, and its like."""
        return Event(
            branch=self.environ.get("CI_COMMIT_BRANCH", ""),
            tag=self.environ.get("CI_COMMIT_TAG", ""),
            default_branch=self.environ.get("CI_DEFAULT_BRANCH", ""),
            unmerged=bool(self.environ.get("CI_MERGE_REQUEST_IID")),
            source_url=self.environ.get("CI_PROJECT_URL", ""),
        )

    def summary(self, markdown: str) -> None:
        """GitLab has no summary page: show it in the log."""
        with self.group("Summary"):
            self.log(markdown)

    def outputs(self, action: str, values: Mapping[str, str]) -> None:
        """Set `<ACTION>_<OUTPUT>` in the dotenv file, keeping what other actions set there."""
        path = self.workspace / DOTENV
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        kept = dict(line.split("=", 1) for line in lines if "=" in line)
        for name, value in values.items():
            if len(value.splitlines()) > 1:
                raise CannotDecide(
                    f"output {name} has several lines, which GitLab's dotenv files cannot carry",
                    where=f"action {action}",
                )
            kept[re.sub("[^A-Z0-9]", "_", f"{action}_{name}".upper())] = value
        write_atomically(path, "".join(f"{name}={value}\n" for name, value in kept.items()))

    def _open_group(self, title: str) -> str:
        section = f"ci_gen_{secrets.token_hex(4)}"
        now = int(time.time())
        self._line(f"\x1b[0Ksection_start:{now}:{section}[collapsed=true]\r\x1b[0K{title}")
        return f"\x1b[0Ksection_end:{now}:{section}\r\x1b[0K"

    def _annotate(self, level: str, message: str, file: str, line: int) -> None:
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        self._line(f"\x1b[{_COLOURS[level]};1m{level.upper()}: {place}{message}\x1b[0m")
