"""Where a server is: the parts of its URL, checked. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..core.errors import UsageError
from ..core.oci_reference import is_loopback

_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*")
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A server. `prefix` is what its paths begin with, without a slash at its end."""

    tls: bool
    host: str
    port: int
    prefix: str = ""

    @property
    def loopback(self) -> bool:
        """Whether it is this machine."""
        return is_loopback(f"[{self.host}]" if ":" in self.host else self.host)

    @property
    def netloc(self) -> str:
        """Host and port as the header Host has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.netloc}{self.prefix}"


def parse(url: str) -> Address:
    """The server that `url` names. Raises UsageError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _wrong(f"it cannot be read: {error}") from None
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise _wrong("it holds a user or a password, which would be shown; use api-key")
    if parts.scheme not in ("http", "https") or not host:
        raise _wrong("it needs http:// or https:// and a host")
    if parts.query or parts.fragment:
        raise _wrong("it holds a query or a fragment; paths are put behind it")
    if not re.fullmatch(r"[A-Za-z0-9._:%-]+", host):
        raise _wrong("its host is no name and no address")
    prefix = parts.path.rstrip("/")
    if not is_path(prefix):
        raise _wrong("its path holds characters that must be written as %XX")
    tls = parts.scheme == "https"
    return Address(tls=tls, host=host, port=port or (443 if tls else 80), prefix=prefix)


def is_path(text: str) -> bool:
    """Whether a text can stand in a request as a path, with a query or without."""
    path, _, query = text.partition("?")
    return bool(_PATH.fullmatch(path) and _QUERY.fullmatch(query)) and not path.startswith("//")


def _wrong(why: str) -> UsageError:
    return UsageError(
        "the input url is not the address of a server",
        where="input url of the action smoke-test",
        why=why,
        next="give it as https://models.example.com or http://127.0.0.1:8080",
    )
