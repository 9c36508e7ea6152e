"""Names of images: `host:port/repository:tag@sha256:...` taken apart, and digests of bytes.

The grammar is that of the OCI distribution specification 1.1 ("Pulling manifests") and of
Docker's short names: without a host it is docker.io, and there `name` means `library/name`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass, replace

from .errors import UsageError

DOCKER_HUB = "docker.io"

_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_REPOSITORY_LENGTH = 255


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One image: where it lies, and a tag, a digest, both or neither."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """The host and the repository, without tag and digest."""
        return f"{self.host}/{self.repository}"

    @property
    def pointer(self) -> str:
        """What the registry is asked for: the digest where there is one, else the tag."""
        return self.digest or self.tag or "latest"

    def at(self, digest: str) -> Reference:
        """The same repository at a digest, without a tag. Raises UsageError."""
        return replace(self, tag="", digest=checked_digest(digest))

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}" + (f"@{self.digest}" if self.digest else "")


def parse_reference(text: str) -> Reference:
    """The image that `text` names. Raises UsageError, which says which part is wrong."""
    rest, at, digest = text.strip().partition("@")
    if at and not is_digest(digest):
        raise _wrong(text, f"{digest[:80]!r} is no digest", "a digest is sha256: and 64 of 0-9a-f")
    head, slash, tail = rest.partition("/")
    if slash and (set(head) & {".", ":", "["} or head == "localhost"):
        host, path = head, tail
    else:
        host, path = DOCKER_HUB, rest
    path, colon, tag = path.partition(":")
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if not _HOST.fullmatch(host):
        raise _wrong(text, f"{host[:80]!r} is no host", "write host/repository:tag")
    if colon and not is_tag(tag):
        raise _wrong(text, f"{tag[:80]!r} is no tag", "use letters, digits, '_', '.', '-'")
    if not is_repository(path):
        hint = "use lower-case letters" if path != path.lower() else "write host/repository:tag"
        raise _wrong(text, f"{path[:80]!r} is no repository", hint)
    return Reference(host=host, repository=path, tag=tag, digest=digest)


def is_digest(text: str) -> bool:
    """Whether it is a digest of an algorithm that registries use (sha256, sha512)."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether it can be a tag."""
    return _TAG.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Whether it can be a repository, without its host."""
    return len(text) <= _REPOSITORY_LENGTH and _REPOSITORY.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether `host`, with or without a port, is this machine's loopback interface."""
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def checked_digest(text: str) -> str:
    """The digest as it is. Raises UsageError for what is none."""
    if not is_digest(text):
        raise _wrong(text, "it is no digest", "a digest is sha256: and 64 of 0-9a-f")
    return text


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """The digest of some bytes, with its algorithm: `sha256:...`."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def matches(data: bytes, digest: str) -> bool:
    """Whether the bytes are those that the digest names."""
    return digest_of(data, digest.partition(":")[0]) == digest


def _wrong(text: str, why: str, hint: str) -> UsageError:
    return UsageError(f"{text[:200]!r} names no image", why=why, next=hint)
