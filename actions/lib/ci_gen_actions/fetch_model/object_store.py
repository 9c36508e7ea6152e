"""Objects of object stores, through fsspec: what reads S3 comes with a lock of its own.

Credentials and endpoint are those of the environment, as the stores' own tools read them:
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE, AWS_ENDPOINT_URL, a role of the machine.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.dialect import Dialect
from ..core.environment import provide
from ..core.errors import CannotDecide, UsageError
from ..gguf_file.split import part_names
from .failures import Failure
from .found import Found, Wanted
from .part import Identity
from .sources import Stored

LIBRARIES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
_LOCKED = ("s3",)
_LOCK = Path(__file__).parents[3] / "requirements" / "object-stores.txt"
_PIECE = 4 << 20


def locate(source: Stored, ci: Dialect) -> Found:
    """The files that the source names. Raises UsageError, CannotDecide."""
    store = _store(source, ci)
    folder, _, name = source.url.rpartition("/")
    files = tuple(
        Wanted(name=each, origin=ObjectOrigin(store, f"{folder}/{each}"))
        for each in part_names(name)
    )
    return Found(files=files, source=source.url)


class ObjectOrigin:
    """An object; `store` is a file system of fsspec."""

    def __init__(self, store: Any, url: str) -> None:
        self._store = store
        self._url = url

    @property
    def shown(self) -> str:
        """The address."""
        return self._url

    def open(self, start: int, end: int | None, validator: str) -> ObjectStream:
        """A stream of a range. The state of the object is asked for each time. Raises Failure."""
        try:
            self._store.invalidate_cache()
            info: Mapping[str, Any] = self._store.info(self._url)
        except Exception as error:
            raise failure(error) from None
        size = int(info.get("size") or 0)
        tag = info.get("ETag") or info.get("etag") or info.get("md5Hash") or ""
        identity = Identity(url=self._url, size=size, etag=str(tag))
        partial = size > 0
        return ObjectStream(self._store, identity, start, size if end is None else end, partial)


class ObjectStream:
    """A range that is read in pieces, each a request of its own."""

    def __init__(self, store: Any, identity: Identity, start: int, end: int, partial: bool) -> None:
        self._store = store
        self.identity = identity
        self.start = start
        self.partial = partial
        self._position = start
        self._end = min(end, identity.size or 0)
        self._stopped = False

    def read(self) -> bytes:
        """The next bytes, b"" at the end. Raises Failure."""
        if self._stopped or self._position >= self._end:
            return b""
        end = min(self._position + _PIECE, self._end)
        try:
            data: bytes = self._store.cat_file(self.identity.url, start=self._position, end=end)
        except Exception as error:
            raise failure(error) from None
        self._position += len(data)
        return data

    def stop(self) -> None:
        """Read no further piece."""
        self._stopped = True

    def close(self) -> None:
        """Nothing is held."""


def failure(error: Exception) -> Failure:
    """What an error of a store's library means: what names a cause is final."""
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return Failure("there is no such object", final=True, next="see that its key is right")
    if isinstance(error, PermissionError) or "credentials" in text.lower():
        return Failure(
            f"the store refused: {text}",
            final=True,
            next="see that the job has credentials that may read the object",
        )
    return Failure(text)


def _store(source: Stored, ci: Dialect) -> Any:
    scheme = source.url.partition(":")[0]
    library = LIBRARIES[scheme]
    if importlib.util.find_spec(library) is None:
        if scheme not in _LOCKED:
            raise UsageError(
                f"{scheme}:// needs the Python package {library}, which is not here",
                where="input source",
                why="ci-gen brings what reads S3; others have to lie beside it",
                next=f"install {library} into the environment of ci-gen and start it by "
                "`ci-gen-action fetch-model`, or give an https:// address of the object",
            )
        _bring(ci)
    try:
        module = importlib.import_module("fsspec")
        return module.filesystem(scheme)
    except Exception as error:
        raise CannotDecide(
            f"the object store of {scheme}:// cannot be used", why=str(error)[:300]
        ) from None


def _bring(ci: Dialect) -> None:
    """Make the libraries of the lock loadable: they are installed once a machine."""
    folder = provide(_LOCK, ci.environ, ci)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    sys.path.append(paths["purelib"])
    importlib.invalidate_caches()
