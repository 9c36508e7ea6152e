"""Addresses: what may be asked over which protocol, and how they are shown. Pure."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from ..core.errors import UsageError
from ..core.oci_reference import is_loopback


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: who gets the credentials meant for this address."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), _port(parts)


def shown(url: str) -> str:
    """The address without user, password, query and fragment: a query may be a signature."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    text = f"{parts.scheme}://{host}{parts.path}"
    return "".join(each if each.isprintable() else "?" for each in text)[:300]


def checked(url: str, *, allow_http: bool) -> str:
    """The address of a model, as it is. Raises UsageError for one that is not asked for."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, _port(parts)
    except ValueError as error:
        raise UsageError(f"{url[:200]!r} is no address", why=str(error)) from None
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or " " in url:
        raise UsageError(
            f"{url[:200]!r} is no address",
            next="write https://host/path, other characters than ASCII as %XX",
        )
    if "@" in parts.netloc:
        raise UsageError(
            "the address holds a user or a password",
            where=shown(url),
            why="addresses end up in logs and evidence",
            next="give the inputs username and password, or token",
        )
    if parts.scheme == "http" and not (allow_http or is_loopback(parts.netloc)):
        raise UsageError(
            "the address is http://",
            where=shown(url),
            why="anybody on the way can read it, and what is sent with it",
            next="write https://, or set the input allow-http if the network is yours",
        )
    return url


def next_hop(url: str, target: str, *, allow_http: bool) -> str:
    """The address that a redirect leads to, "" where it must not be followed.

    From https only to https; from http also to http, on this machine or where it is allowed.
    """
    try:
        before, after = urlsplit(url), urlsplit(target)
        _port(after)
    except ValueError:
        return ""
    if not after.hostname or "@" in after.netloc:
        return ""
    if after.scheme == "https":
        return target
    may = allow_http or (is_loopback(before.netloc) and is_loopback(after.netloc))
    return target if after.scheme == "http" == before.scheme and may else ""


def file_name(url: str) -> str:
    """The last part of the path, decoded; "" where there is none that can name a file."""
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    return name if is_file_name(name) else ""


def is_file_name(name: str) -> bool:
    """Whether it names a file of a folder and nothing else."""
    return (
        0 < len(name.encode("utf-8", "replace")) <= 200
        and name not in (".", "..")
        and "/" not in name
        and name.isprintable()
        and not name.startswith("-")
    )


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)
