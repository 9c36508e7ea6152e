"""Builds the image with the builder that was chosen."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.process import run as run_process
from . import api_build, plan
from .facts import Built, Source
from .login import Login
from .options import Options
from .trace import is_step

if TYPE_CHECKING:
    import docker

_NOT_THE_CODE = re.compile(
    r"no space left on device|failed to do request|dial tcp|TLS handshake|i/o timeout"
    r"|error reading from server|connection reset by peer|unexpected EOF"
    r"|Cannot connect to the Docker daemon|failed to authorize|pull access denied"
    r"|temporary failure in name resolution|context deadline exceeded|context canceled"
    r"|failed to resolve source metadata|failed to fetch anonymous token",
    re.IGNORECASE,
)
"""What engines say where the machine, a registry or the network failed, and not the Dockerfile."""


class NotBuilt(Exception):  # noqa: N818 - an end, not an error
    """The Dockerfile cannot be built: that was measured."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that a build needs. `tag` is the image's name in the engine."""

    options: Options
    ci: Dialect
    client: docker.DockerClient
    choice: plan.Choice
    source: Source
    login: Login
    environment: Mapping[str, str]
    scratch: Path
    tag: str
    write_cache: bool

    @property
    def cache_tag(self) -> str:
        """The name, for a while, of the image that holds the cache."""
        return f"{self.tag}-cache"


def build(job: Job, platforms: tuple[str, ...]) -> Built:
    """Build into the engine. Raises NotBuilt, CannotDecide."""
    started = time.monotonic()
    with job.ci.group("Build"):
        if job.choice.client is None:
            counts = api_build.build(job, failed)
        else:
            counts = _by_client(job, _argv(job, platforms))
    image_id = str(job.client.images.get(job.tag).id)
    seconds = round(time.monotonic() - started, 3)
    return Built(image_id=image_id, seconds=seconds, steps=counts[0], cached=counts[1])


def leave_cache(job: Job) -> str:
    """Build the image that holds the cache; its id, "" where there is none to leave.

    Raises NotBuilt, CannotDecide.
    """
    argv = plan.cache_argv(job.options, job.choice, job.source, tag=job.cache_tag)
    if argv is None:
        return ""
    _by_client(job, argv)
    return str(job.client.images.get(job.cache_tag).id)


def _argv(job: Job, platforms: tuple[str, ...]) -> tuple[str, ...]:
    if job.choice.builder == plan.BUILDKIT:
        return plan.buildkit_argv(job.options, job.choice, job.source, tag=job.tag)
    # Of several platforms the whole is built, and its cache written, when it is pushed.
    several = len(job.options.platforms) > 1
    inline = job.choice.client is not None and job.choice.client.driver == "docker"
    return plan.buildx_argv(
        job.options,
        job.choice,
        job.source,
        tag=job.tag,
        platforms=platforms,
        write_cache=job.write_cache and not several and not inline,
    )


def _by_client(job: Job, argv: tuple[str, ...]) -> tuple[int, int]:
    counter = Counter()
    done = run_process(
        argv,
        ci=job.ci,
        cwd=job.source.folder,
        env=job.environment,
        timeout=job.options.timeout,
        watch=counter.line,
    )
    if done.timed_out:
        raise CannotDecide(f"the build {done.outcome}", where="input timeout")
    if not done.ok:
        raise failed(done.output, f"docker {done.outcome}")
    return counter.counts


def failed(said: str, what: str) -> Exception:
    """What a failed build is: the Dockerfile's fault, or the machine's."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if "rror" in line), lines[-1] if lines else "")
    found = _NOT_THE_CODE.search(said)
    if found:
        return CannotDecide(
            "the image could not be built here",
            where=what,
            why=last[:500],
            next="free space on the engine's disk"
            if "space" in found[0]
            else "see that the engine reaches the registries of the base images, then run again",
        )
    return NotBuilt(f"the image could not be built: {last[:500] or what}")


@dataclass(kw_only=True)
class Counter:
    """Counts the steps of BuildKit's plain progress, and those that came out of a cache."""

    steps: set[bytes] = field(default_factory=set)
    cached: set[bytes] = field(default_factory=set)

    def line(self, line: bytes) -> None:
        """Take one line of the log into account."""
        number, _, rest = line.strip().partition(b" ")
        if number.startswith(b"#") and is_step(rest.decode("utf-8", "replace")):
            self.steps.add(number)
        elif rest == b"CACHED":
            self.cached.add(number)

    @property
    def counts(self) -> tuple[int, int]:
        """Steps that make a layer, and how many of them were cached."""
        return len(self.steps), len(self.steps & self.cached)
