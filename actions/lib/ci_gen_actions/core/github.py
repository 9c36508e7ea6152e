"""GitHub Actions: workflow commands, `$GITHUB_OUTPUT`, the step summary."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .dialect import Dialect, Event

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of summary that GitHub shows for one step; a larger one is dropped as a whole."""

_CUT = "\n\n_The summary was cut here: it exceeds what GitHub shows. The log has the rest._\n"

_UNMERGED = ("pull_request", "pull_request_target", "merge_group")


def escape_data(text: str) -> str:
    """A message as the part of a workflow command after its `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """A value as a property of a workflow command, as in `file=...`."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


class GitHub(Dialect):
    """A step of a GitHub Actions job."""

    name = "github"
    _stopped = ""

    @property
    def workspace(self) -> Path:
        """`$GITHUB_WORKSPACE`."""
        return Path(self.environ.get("GITHUB_WORKSPACE") or Path.cwd())

    @property
    def commit(self) -> str:
        """`$GITHUB_SHA`; for a pull request the merge of it into its base."""
        return self.environ.get("GITHUB_SHA", "")

    @property
    def job(self) -> str:
        """`$GITHUB_JOB`."""
        return self.environ.get("GITHUB_JOB", "")

    @property
    def event(self) -> Event:
        """Out of `$GITHUB_REF` and the event's payload, which alone names the default branch."""
        ref = self.environ.get("GITHUB_REF", "")
        server, name = (
            self.environ.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY")
        )
        return Event(
            branch=ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else "",
            tag=ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else "",
            default_branch=_default_branch(self.environ.get("GITHUB_EVENT_PATH", "")),
            unmerged=self.environ.get("GITHUB_EVENT_NAME", "") in _UNMERGED,
            source_url=f"{server}/{name}" if server and name else "",
        )

    @contextmanager
    def child_output(self) -> Iterator[None]:
        """Stop workflow commands: a line `::set-env ...` of a child does nothing."""
        if self._stopped:
            yield
            return
        self._stop()
        try:
            yield
        finally:
            self._resume()

    def summary(self, markdown: str) -> None:
        """Add to the step's summary, up to what GitHub shows."""
        path = self.environ.get("GITHUB_STEP_SUMMARY", "")
        if not path:
            self.log(markdown)
            return
        with Path(path).open("ab") as file:
            room = SUMMARY_LIMIT - file.tell()
            file.write(
                _fit(
                    self.redact(markdown.rstrip("\n") + "\n").encode("utf-8", "backslashreplace"),
                    room,
                )
            )

    def outputs(self, action: str, values: Mapping[str, str]) -> None:
        """Append to `$GITHUB_OUTPUT`, each value between delimiters that nobody can guess."""
        path = self.environ.get("GITHUB_OUTPUT", "")
        if not path:
            self.log("\n".join(f"{name}={value}" for name, value in values.items()))
            return
        lines: list[str] = []
        for name, value in values.items():
            delimiter = f"ci_gen_{secrets.token_hex(16)}"
            lines += [f"{name}<<{delimiter}", value, delimiter]
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def _inert(self, line: str) -> str:
        # The runner reads `::name::` at the start of a line and `##[name]` anywhere in it.
        start = len(line) - len(line.lstrip())
        if line.startswith("::", start):
            line = f"{line[:start]}: :{line[start + 2 :]}"
        return line.replace("##[", "# #[")

    def _open_group(self, title: str) -> str:
        self._command("group", "", title)
        return "::endgroup::"

    def _annotate(self, level: str, message: str, file: str, line: int) -> None:
        places = [f"file={escape_property(self.redact(file))}"] if file else []
        places += [f"line={line}"] if file and line else []
        self._command(level, ",".join(places), self.redact(message))

    def _announce_mask(self, value: str) -> None:
        # Not through `_line`, which would already replace the value.
        with self._listening():
            self._log.write(f"::add-mask::{escape_data(value)}\n".encode())
            self._log.flush()

    def _command(self, name: str, properties: str, data: str) -> None:
        with self._listening():
            self._line(f"::{name}{' ' if properties else ''}{properties}::{escape_data(data)}")

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Let GitHub read our own command amid the output of a child."""
        stopped = bool(self._stopped)
        if stopped:
            self._resume()
        try:
            yield
        finally:
            if stopped:
                self._stop()

    def _stop(self) -> None:
        token = secrets.token_hex(16)
        self._line(f"::stop-commands::{token}")
        self._stopped = token

    def _resume(self) -> None:
        self._line(f"::{self._stopped}::")
        self._stopped = ""


def _default_branch(path: str) -> str:
    """`repository.default_branch` of an event's payload, "" where there is none to read."""
    try:
        name = json.loads(Path(path).read_bytes())["repository"]["default_branch"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def _fit(text: bytes, room: int) -> bytes:
    """What of `text` fits into `room` bytes, of which those for the remark are kept free."""
    kept = room - len(_CUT.encode())
    if len(text) <= kept:
        return text
    if kept < 0:
        return b""  # the remark is there already
    return text[:kept].decode("utf-8", "ignore").encode() + _CUT.encode()
