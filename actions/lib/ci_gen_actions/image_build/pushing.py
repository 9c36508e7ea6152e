"""Pushes the image, again where the failure may pass, and compares what the registry has then."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.archive import size_text
from ..core.dialect import Dialect
from ..core.errors import CannotDecide
from ..core.oci_reference import parse_reference
from ..core.process import run as run_process
from . import plan
from .login import Login

if TYPE_CHECKING:
    import docker

    from .building import Job

PAUSES: tuple[float, ...] = (2, 5, 15, 30, 60)
"""Seconds between the tries of a push."""
PROGRESS_SECONDS = 10.0

_FINAL = re.compile(
    r"unauthorized|denied|authentication required|no basic auth|insufficient_scope|forbidden"
    r"|name (invalid|unknown)|invalid reference|manifest invalid|not found: repository"
    r"|x509|certificate|server gave HTTP response to HTTPS client|quota",
    re.IGNORECASE,
)
"""What stays as it is however often one asks."""
_REFUSED = re.compile(r"unauthorized|denied|authenticat|basic auth|scope|forbidden", re.IGNORECASE)


def may_pass(message: str) -> bool:
    """Whether a push that failed with this message may succeed when it is tried again."""
    return not _FINAL.search(message)


class PushFailed(Exception):  # noqa: N818 - caught below
    """One try failed."""


@dataclass(frozen=True, kw_only=True)
class Pusher:
    """Pushes one image under its tags. `sleep` waits between tries."""

    client: docker.DockerClient
    ci: Dialect
    repository: str
    login: Login
    timeout: float
    sleep: Callable[[float], None] = time.sleep

    def push(self, image_id: str, tags: Sequence[str]) -> str:
        """Push; the digest that the engine computed. Raises CannotDecide."""
        once = functools.partial(self._once, image_id)
        digests = [self._tries(tag, functools.partial(once, tag)) for tag in tags]
        return digests[0]

    def push_platforms(self, job: Job, tags: Sequence[str]) -> str:
        """Build for all platforms and push, by buildx; the digest of the index."""
        metadata = job.scratch / "metadata.json"
        argv = plan.buildx_argv(
            job.options,
            job.choice,
            job.source,
            tag=job.tag,
            platforms=job.options.platforms,
            pushed=tags,
            metadata=metadata,
            write_cache=job.write_cache,
        )
        return self._tries(", ".join(tags), lambda: self._buildx(job, argv, metadata))

    def _tries(self, tag: str, once: Callable[[], str]) -> str:
        """Try until it succeeds or cannot."""
        for number, pause in enumerate((*PAUSES, None), 1):
            try:
                return once()
            except PushFailed as error:
                why = self.login.redact(str(error))
                if pause is None or not may_pass(why):
                    raise self._gave_up(tag, why, number) from None
            self.ci.warning(
                f"pushing {tag} failed: {why[:300]}; try {number + 1} of {len(PAUSES) + 1} "
                f"in {pause:g} s"
            )
            self.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _gave_up(self, tag: str, why: str, tries: int) -> CannotDecide:
        refused = _REFUSED.search(why)
        user = f"the user {self.login.username}" if self.login.username else "this runner's user"
        return CannotDecide(
            f"{self.repository}:{tag} could not be pushed"
            + (f": the registry {self.login.host} refused {user}" if refused else ""),
            where=f"registry {self.login.host}, after {tries} {'try' if tries == 1 else 'tries'}",
            why=why[:500],
            next="see that the inputs username and password are of this registry and may push"
            if refused
            else "see that the registry runs and has room, then run again",
        )

    def _once(self, image_id: str, tag: str) -> str:
        """One try: the image under its tag, which the engine keeps only while it pushes."""
        import requests
        import urllib3
        from docker.errors import DockerException

        api: Any = self.client.api
        try:
            with _tagged(api, image_id, self.repository, tag):
                digest = self._stream(tag) or self._known(tag)
        except (
            DockerException,
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
        ) as error:
            raise PushFailed(str(getattr(error, "explanation", None) or error)) from None
        if not digest:
            raise PushFailed("the engine did not tell the digest of what it pushed")
        self.ci.log(f"pushed {self.repository}:{tag}, {digest}")
        return digest

    def _known(self, tag: str) -> str:
        """The digest that the engine knows of what it pushed, "" where that is not one alone.

        With containerd's image store, the usual one since Docker 29, a push tells none.
        """
        api: Any = self.client.api
        found = api.inspect_image(f"{self.repository}:{tag}")
        names = [parse_reference(each) for each in found.get("RepoDigests") or ()]
        own = parse_reference(self.repository).name
        digests = {each.digest for each in names if each.name == own}
        return digests.pop() if len(digests) == 1 else ""

    def _stream(self, tag: str) -> str:
        """Push, telling how far it is; the digest, "" where the engine tells none."""
        progress, digest = Progress(), ""
        deadline = time.monotonic() + self.timeout
        events: Any = self.client.api.push(
            self.repository, tag=tag, stream=True, decode=True, auth_config=self.login.auth
        )
        told = time.monotonic()
        try:
            for event in events:
                if "error" in event:
                    raise PushFailed(str(event["error"]))
                progress.take(event)
                digest = str((event.get("aux") or {}).get("Digest", "")) or digest
                now = time.monotonic()
                if now - told >= PROGRESS_SECONDS:
                    told = now
                    self.ci.log(f"pushing {tag}: {progress.words}")
                if now > deadline:
                    raise PushFailed(f"it took longer than {self.timeout:g} s")
        finally:
            events.close()
        return digest

    def _buildx(self, job: Job, argv: tuple[str, ...], metadata: Path) -> str:
        done = run_process(
            argv, ci=self.ci, cwd=job.source.folder, env=job.environment, timeout=self.timeout
        )
        if not done.ok:
            lines = [line for line in done.output.splitlines() if "rror" in line]
            raise PushFailed(lines[-1] if lines else f"docker buildx {done.outcome}")
        return str(json.loads(metadata.read_bytes()).get("containerimage.digest", ""))


@contextlib.contextmanager
def _tagged(api: Any, image_id: str, repository: str, tag: str) -> Iterator[None]:
    from docker.errors import DockerException

    api.tag(image_id, repository, tag, force=True)
    try:
        yield
    finally:
        with contextlib.suppress(DockerException):
            api.remove_image(f"{repository}:{tag}", noprune=True)


@dataclass(kw_only=True)
class Progress:
    """How far a push is, out of the engine's events."""

    current: dict[str, int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one event into account."""
        layer, detail = str(event.get("id", "")), event.get("progressDetail") or {}
        if event.get("status") in ("Pushed", "Layer already exists") or "Mounted" in str(
            event.get("status")
        ):
            self.done.add(layer)
            self.current[layer] = self.total.get(layer, 0)
        elif layer and "current" in detail:
            self.total[layer] = int(detail.get("total") or self.total.get(layer, 0))
            self.current[layer] = int(detail["current"])
        elif layer:
            self.current.setdefault(layer, 0)

    @property
    def words(self) -> str:
        """The progress as people read it."""
        sent, whole = sum(self.current.values()), sum(self.total.values())
        return (
            f"{size_text(sent)} of {size_text(max(whole, sent))}, "
            f"{len(self.done)} of {len(self.current)} layers"
        )
