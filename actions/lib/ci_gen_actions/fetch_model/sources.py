"""What the input `source` may say, taken apart. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ..core.errors import UsageError
from ..core.oci_reference import Reference, parse_reference
from ..core.reading import nearest
from . import addresses

SCHEMES = ("https", "http", "hf", "oci", "registry", "file", "s3", "gs", "az")
OBJECT_SCHEMES = ("s3", "gs", "az")
_HUB = re.compile(
    r"(?P<repository>[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)/(?P<file>[^@]+)"
    r"(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]*))?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Web:
    """An https:// address, or http://."""

    url: str


@dataclass(frozen=True)
class Hub:
    """A file of a repository of the Hugging Face hub."""

    repository: str
    file: str
    revision: str

    @property
    def pinned(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return _COMMIT.fullmatch(self.revision) is not None


@dataclass(frozen=True)
class Artifact:
    """An artifact of an OCI registry; `file` is the title of one of its layers, "" for its only."""

    reference: Reference
    file: str


@dataclass(frozen=True)
class Registered:
    """A version, or a pointer to one, of a registry of models."""

    name: str
    wanted: str


@dataclass(frozen=True)
class Local:
    """A file of this machine, the path as it was written."""

    path: str


@dataclass(frozen=True)
class Stored:
    """An object of an object store."""

    url: str


Source = Web | Hub | Artifact | Registered | Local | Stored


def parse(text: str, *, allow_http: bool) -> Source:
    """The source that `text` names. Raises UsageError, which says what is wrong with it."""
    scheme, colon, rest = text.partition(":")
    if not text.isprintable() or text != text.strip():
        raise _wrong(text, "it holds blanks at an end, or characters that do not print")
    if not colon or scheme not in SCHEMES:
        raise _unknown(text, scheme if colon else "")
    if scheme in ("https", "http"):
        return _web(text, allow_http=allow_http)
    if scheme == "file":
        return _local(text, rest)
    if not rest.startswith("//") or len(rest) == 2:
        raise _wrong(text, f"after {scheme}: there must be // and an address")
    address = rest[2:]
    if scheme == "hf":
        return _hub(text, address)
    if scheme == "oci":
        name, _, file = address.partition("#")
        return Artifact(parse_reference(name), unquote(file))
    if scheme == "registry":
        return _registered(text, address)
    if "/" not in address.strip("/"):
        raise _wrong(text, f"write {scheme}://bucket/path/to/model.gguf")
    return Stored(text)


def _web(text: str, *, allow_http: bool) -> Web:
    url, hash_, fragment = addresses.checked(text, allow_http=allow_http).partition("#")
    if hash_:
        raise _wrong(addresses.shown(url), f"the part after # ({fragment[:40]!r}) has no meaning")
    return Web(url)


def _hub(text: str, address: str) -> Hub:
    found = _HUB.fullmatch(address)
    if not found or ".." in found["file"].split("/") or found["file"].endswith("/"):
        raise _wrong(text, "write hf://organisation/repository/file.gguf@revision")
    return Hub(found["repository"], found["file"], found["revision"] or "main")


def _registered(text: str, address: str) -> Registered:
    name, _, wanted = address.partition("@")
    if not name or "/" in wanted:
        raise _wrong(text, "write registry://name@version, or registry://name@pointer")
    return Registered(name, wanted or "latest")


def _local(text: str, rest: str) -> Local:
    if not rest.startswith("//"):
        path = rest
    else:
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            why = f"{parts.netloc!r} is another machine; write file:///path for this one"
            raise _wrong(text, why)
        path = unquote(parts.path)
    if not path:
        raise _wrong(text, "write file:path/to/model.gguf")
    return Local(path)


def _unknown(text: str, scheme: str) -> UsageError:
    near = nearest(scheme, SCHEMES) if scheme else ""
    if near:
        hint = f"did you mean {near}:?"
    elif not scheme:
        hint = "for a file of this machine write file: before its path"
    else:
        hint = ""
    error = _wrong(text, f"it begins with none of {', '.join(f'{each}:' for each in SCHEMES)}")
    error.next = hint or error.next
    return error


def _wrong(text: str, why: str) -> UsageError:
    # What somebody wrote before an @ may be a password.
    visible = text if "://" not in text else addresses.shown(text)
    advice = why.startswith("write ")
    return UsageError(
        f"{visible[:200]!r} is no source of a model",
        where="input source",
        why="" if advice else why,
        next=why if advice else "actions/fetch-model/README.md shows each kind of source",
    )
