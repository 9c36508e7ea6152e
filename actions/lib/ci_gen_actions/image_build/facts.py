"""What the machine has to build with, and what is to be built; both as they were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Client:
    """A docker client on PATH.

    `version` is (0, 0) where it tells none. `buildx` is its buildx plug-in's version, "" where
    it has none; `driver` is that of the builder in use, `docker` being the engine itself.
    """

    path: str
    version: tuple[int, int] = (0, 0)
    buildx: str = ""
    driver: str = ""

    @property
    def has_buildkit(self) -> bool:
        """Whether it speaks BuildKit without a plug-in: from 18.09 until 23.0 moved it out."""
        return (18, 9) <= self.version < (23, 0)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The engine: `platform` as `linux/amd64`, `api` as (1, 41).

    `containerd_store` says that containerd keeps its images, which may be of several platforms.
    """

    version: str
    api: tuple[int, int]
    platform: str
    containerd_store: bool = False

    @property
    def has_buildkit(self) -> bool:
        """Whether BuildKit is in it: since 18.09, on Linux."""
        return self.api >= (1, 39) and self.platform.startswith("linux/")


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is built: `folder` is the context, `time` the commit's, seconds since 1970."""

    folder: Path
    dockerfile: Path
    text: str
    commit: str = ""
    dirty: bool | None = None
    time: int = 0
    version: str = ""
    source_url: str = ""
    package: str = ""
    package_sha256: str = ""
    manifest: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Built:
    """A build that succeeded. `steps` and `cached` count those of the Dockerfile."""

    image_id: str
    seconds: float
    steps: int = 0
    cached: int = 0
