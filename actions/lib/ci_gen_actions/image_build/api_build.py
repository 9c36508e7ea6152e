"""Builds through the engine's API alone, where no docker client can: BuildKit or classic.

BuildKit takes the context as the body of POST /build, as the classic builder does. Without a
client there is no session, so it reads base images of public registries only.
"""

from __future__ import annotations

import re
import secrets
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..core.errors import CannotDecide
from . import plan
from .connection import engine_errors
from .trace import Steps

if TYPE_CHECKING:
    from .building import Job

Failed = Callable[[str, str], Exception]
_STEP = re.compile(r"^Step \d+/\d+ : (?!FROM|ARG)", re.IGNORECASE)


def build(job: Job, failed: Failed) -> tuple[int, int]:
    """Build; the counts of steps and of cached steps. Raises what `failed` makes, CannotDecide."""
    with engine_errors("it built the image"), (job.scratch / "context.tar").open("w+b") as file:
        name = write_context(job.source.folder, job.source.dockerfile, file)
        job.ci.log(f"context: {file.tell() / (1 << 20):.1f} MiB")
        file.seek(0)
        reader = _Reader() if job.choice.builder == plan.CLASSIC else _BuildKitReader()
        with job.ci.child_output():
            for event in _events(job, name, file):
                for line in reader.lines(event):
                    job.ci.write_child(f"{line}\n".encode())
    if reader.error:
        raise failed(reader.error, f"the engine's {job.choice.builder} builder")
    return reader.counts


def write_context(folder: Path, dockerfile: Path, file: IO[bytes]) -> str:
    """Write the context as a tar archive, without what .dockerignore names; the Dockerfile's name.

    `<Dockerfile>.dockerignore` comes first, as with BuildKit. The Dockerfile itself is the first
    member, under a name of its own. BuildKit takes a body for an archive only where it begins with
    a plain header, and so the format is GNU's, which has no extended one.
    """
    from docker.utils.build import exclude_paths

    name = f".ci-gen-{secrets.token_hex(8)}.Dockerfile"
    beside = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    ignore = beside if beside.is_file() else folder / ".dockerignore"
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(dockerfile, name, filter=_plain)
        for path in sorted(exclude_paths(str(folder), _patterns(ignore))):
            if path not in ("", "."):
                tar.add(folder / path, path, recursive=False, filter=_plain)
    return name


def _patterns(ignore: Path) -> list[str]:
    if not ignore.is_file():
        return []
    lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
    return [each.strip() for each in lines if each.strip() and not each.startswith("#")]


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """A member with nobody's name and whole seconds; None for a socket or a device."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    return member


def _events(job: Job, dockerfile: str, file: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    """What the engine tells while it builds. Closing this cancels the build."""
    from docker.auth import encode_header

    api: Any = job.client.api
    query = plan.api_parameters(job.options, job.choice, job.source, tag=job.tag)
    headers = {"Content-Type": "application/x-tar"}
    if job.login.auth:
        headers["X-Registry-Config"] = encode_header({job.login.key: job.login.auth}).decode()
    else:
        api._set_auth_headers(headers)
    deadline = time.monotonic() + job.options.timeout
    response = api._post(
        api._url("/build"),
        params={**query, "dockerfile": dockerfile},
        data=file,
        headers=headers,
        stream=True,
        timeout=job.options.timeout,
    )
    try:
        api._raise_for_status(response)
        for event in api._stream_helper(response, decode=True):
            yield event
            if time.monotonic() > deadline:
                raise CannotDecide(
                    f"the build took longer than {job.options.timeout} s", where="input timeout"
                )
    finally:
        response.close()


class _Reader:
    """The classic builder's answers, as lines and counts."""

    def __init__(self) -> None:
        self.error = ""
        self.steps = self.cached = 0
        self._counts = False

    @property
    def counts(self) -> tuple[int, int]:
        """Steps, and how many of them were cached."""
        return self.steps, self.cached

    def lines(self, event: Mapping[str, Any]) -> Iterator[str]:
        """The lines of one answer."""
        if "error" in event:
            self.error = str(event["error"])
            yield f"ERROR: {self.error}"
        for line in str(event.get("stream", "")).splitlines():
            if line.startswith("Step "):
                self._counts = bool(_STEP.match(line))
                self.steps += self._counts
            self.cached += self._counts and "---> Using cache" in line
            if line.strip():
                yield line


class _BuildKitReader(_Reader):
    """BuildKit's answers: a trace of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = Steps()

    @property
    def counts(self) -> tuple[int, int]:
        steps = self._steps.counted
        return len(steps), len(steps & self._steps.cached)

    def lines(self, event: Mapping[str, Any]) -> Iterator[str]:
        if event.get("id") == "moby.buildkit.trace":
            yield from self._steps.lines(str(event.get("aux", "")))
        else:
            yield from super().lines(event)
