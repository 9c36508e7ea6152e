"""How an action speaks to the place it runs in: GitHub, GitLab or a terminal.

Groups, annotations, masks, the summary and outputs are written here and nowhere else.
Everything for people goes to standard error; only a terminal's outputs use standard output.
"""

from __future__ import annotations

import abc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MASK = "***"


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a run is for. `branch` and `tag` are names without `refs/`, one of them "".

    `unmerged` is a pull or merge request, or a change that waits in a merge queue. `source_url`
    is the repository's page.
    """

    branch: str = ""
    tag: str = ""
    default_branch: str = ""
    unmerged: bool = False
    source_url: str = ""


class Dialect(abc.ABC):
    """One place that an action can run in. Make it with `detect`.

    `workspace` is the folder of the checkout. Masked values are replaced by *** in everything
    that passes through here, on every platform.
    """

    name = ""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        log: BinaryIO | None = None,
        out: BinaryIO | None = None,
    ) -> None:
        self.environ = environ
        self._log = log if log is not None else sys.stderr.buffer
        self._out = out if out is not None else sys.stdout.buffer
        self._masked: list[str] = []

    # What an action says -------------------------------------------------------------------

    def log(self, text: str) -> None:
        """Write lines to the log. Nothing in them acts as a command of the platform."""
        for line in text.splitlines() or [""]:
            self._line(self._inert(line))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is logged inside under `title`."""
        end = self._open_group(" ".join(title.split()))
        try:
            yield
        finally:
            self._line(end)

    def notice(self, message: str, file: str = "", line: int = 0) -> None:
        """Tell the reader something. `file` is relative to the workspace, `line` 1-based."""
        self._annotate("notice", message, file, line)

    def warning(self, message: str, file: str = "", line: int = 0) -> None:
        """Tell the reader of something that should be looked at."""
        self._annotate("warning", message, file, line)

    def error(self, message: str, file: str = "", line: int = 0) -> None:
        """Tell the reader of something that makes the job fail."""
        self._annotate("error", message, file, line)

    def mask(self, value: str) -> None:
        """Never show `value` from now on; of several lines, each."""
        for line in value.splitlines():
            if line.strip() and line not in self._masked:
                self._masked.append(line)
                self._masked.sort(key=len, reverse=True)
                self._announce_mask(line)

    @contextmanager
    def child_output(self) -> Iterator[None]:
        """What is passed to `write_child` inside is untrusted: no command in it acts."""
        yield

    def write_child(self, line: bytes) -> None:
        """Pass on a line of a child process as it came, secrets masked."""
        for secret in self._masked:
            line = line.replace(secret.encode(), MASK.encode())
        self._log.write(line)
        self._log.flush()

    # What an action leaves behind ----------------------------------------------------------

    @property
    @abc.abstractmethod
    def workspace(self) -> Path:
        """The folder of the checkout."""

    @property
    def commit(self) -> str:
        """The commit that the platform runs for, "" where it does not say."""
        return ""

    @property
    def job(self) -> str:
        """The id of the job, "" outside of CI."""
        return ""

    @property
    def event(self) -> Event:
        """What the run is for; nothing is known of it outside of CI."""
        return Event()

    @abc.abstractmethod
    def summary(self, markdown: str) -> None:
        """Show Markdown to the reader of the run."""

    @abc.abstractmethod
    def outputs(self, action: str, values: Mapping[str, str]) -> None:
        """Hand the outputs of `action` (kebab-case name to text) to later steps and jobs."""

    # What a dialect fills in ---------------------------------------------------------------

    def _inert(self, line: str) -> str:
        return line

    @abc.abstractmethod
    def _open_group(self, title: str) -> str:
        """Write the start of a group; return the line that ends it."""

    @abc.abstractmethod
    def _annotate(self, level: str, message: str, file: str, line: int) -> None: ...

    def _announce_mask(self, value: str) -> None:  # noqa: B027 - most cannot be told
        """Tell the platform of a secret, where it can be told."""

    def _line(self, text: str) -> None:
        self._log.write(f"{self.redact(text)}\n".encode("utf-8", "replace"))
        self._log.flush()

    def redact(self, text: str) -> str:
        """The text with every masked value replaced."""
        for secret in self._masked:
            text = text.replace(secret, MASK)
        return text


def detect(environ: Mapping[str, str]) -> Dialect:
    """The dialect of the place that `environ` describes."""
    if environ.get("GITHUB_ACTIONS") == "true":
        from .github import GitHub

        return GitHub(environ)
    if environ.get("GITLAB_CI") == "true":
        from .gitlab import GitLab

        return GitLab(environ)
    from .terminal import Terminal

    return Terminal(environ)
