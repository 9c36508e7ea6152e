"""From a source to the files that it names: one function a kind of source."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..core.dialect import Dialect
from ..core.errors import UsageError
from ..core.oci import Registry
from ..core.oci_reference import Reference
from . import addresses, hub, object_store, oci_source, registry_source
from .found import Found, Wanted, names
from .http_client import Authorization, HttpClient, anonymous
from .http_origin import HttpOrigin
from .options import Options
from .origin import Origin
from .retrying import Tries
from .sources import Artifact, Hub, Local, Registered, Source, Stored, Web

if TYPE_CHECKING:
    from ..model_registry.registry import ModelRegistry


@dataclass(frozen=True, kw_only=True)
class Locating:
    """What locating needs besides the source."""

    options: Options
    workspace: Path
    ci: Dialect
    client: HttpClient
    tries: Tries

    def locate(self, source: Source) -> Found:
        """The files. Raises ActionError."""
        if isinstance(source, Web):
            return self._web(source)
        if isinstance(source, Local):
            return self._local(source)
        if isinstance(source, Hub):
            return hub.locate(
                source,
                self.client,
                self.ci.environ,
                self.options.token,
                self.tries,
                allow_http=self.options.allow_http,
            )
        return self._elsewhere(source)

    def _elsewhere(self, source: Artifact | Registered | Stored) -> Found:
        if isinstance(source, Artifact):
            registry = self._registry(source.reference.host)
            return oci_source.locate(source, registry, self.client)
        if isinstance(source, Registered):
            return registry_source.locate(source, self._models(), self._blob)
        return object_store.locate(source, self.ci)

    def _models(self) -> ModelRegistry:
        from ..model_registry.opening import open_registry

        return open_registry(
            self.options.registry,
            username=self.options.username,
            password=self.options.password,
            base=self.workspace,
            environ=self.ci.environ,
            token=self.options.token,
        )

    def _registry(self, host: str) -> Registry:
        return Registry(
            host,
            username=self.options.username,
            password=self.options.password,
            timeout=float(self.options.stall),
        )

    def _blob(self, reference: Reference, digest: str) -> Origin:
        return oci_source.blob(self._registry(reference.host), reference, digest, self.client)

    def _web(self, source: Web) -> Found:
        name = addresses.file_name(source.url)
        if not name and not self.options.name:
            raise UsageError(
                "the address does not tell a file name",
                where=addresses.shown(source.url),
                next="give the input name, such as model.gguf",
            )
        files = []
        for each in names(name, "") if name else ("",):
            url = self._beside(source.url, name, each)
            origin = HttpOrigin(self.client, url, self._authorization())
            files.append(Wanted(name=each, origin=origin))
        return Found(files=tuple(files), source=addresses.shown(source.url))

    @staticmethod
    def _beside(url: str, name: str, other: str) -> str:
        if other == name:
            return url
        address, question, query = url.partition("?")
        return f"{address.rpartition('/')[0]}/{quote(other)}{question}{query}"

    def _authorization(self) -> Authorization:
        """The credentials of an address: a bearer token, or a user and a password."""
        options = self.options
        if options.token:
            return lambda _again: f"Bearer {options.token}"
        if options.username and options.password:
            both = f"{options.username}:{options.password}".encode()
            basic = f"Basic {base64.b64encode(both).decode('ascii')}"
            return lambda _again: basic
        return anonymous

    def _local(self, source: Local) -> Found:
        path = self.workspace / Path(source.path).expanduser()
        files = tuple(Wanted(name=each, path=path.with_name(each)) for each in names(path.name, ""))
        return Found(files=files, source=f"file:{path}")


def check_digests(located: Found) -> None:
    """Every file from elsewhere has a digest. Raises UsageError."""
    for wanted in located.files:
        if wanted.path is None and not wanted.sha256:
            raise UsageError(
                f"the source does not tell the SHA-256 of {wanted.name or 'the model'}",
                where=located.source,
                why="nothing would say whether what comes is the model",
                next="give the input sha256",
            )
