"""How a client proves to a registry who it is: Basic, or a token from the registry's realm.

Sources: RFC 7235 and 7617 for the challenge and Basic; the "Token Authentication
Specification" of the distribution project for Bearer.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from .errors import CannotDecide, UsageError
from .oci_reference import is_loopback

TOKEN_BYTES = 1 << 20
_CHALLENGE = re.compile(r"\s*([A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
_PARAMETER = re.compile(r'([A-Za-z_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')

Fetch = Callable[[str, Mapping[str, str]], tuple[int, bytes]]
"""Gets a URL with headers: the status and the body."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A user and a password; neither is shown by repr."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if ":" in self.username:
            raise UsageError(
                "the registry's user name holds a colon",
                why="Basic authentication separates name and password by the first colon",
                next="give the name alone as username and the password as password",
            )

    def __bool__(self) -> bool:
        return bool(self.username or self.password)

    @property
    def basic(self) -> str:
        """The header's value for Basic."""
        both = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(both).decode('ascii')}"

    def redact(self, text: str) -> str:
        """The text without the password in any form in which it was sent."""
        encoded = self.basic.removeprefix("Basic ")
        for secret in (encoded, self.password) if self.password else ():
            text = text.replace(secret, "***")
        return text


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What a registry asks for: the scheme in lower case and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges of WWW-Authenticate headers, one a header as registries write them."""
    found = []
    for header in headers:
        match = _CHALLENGE.fullmatch(header)
        if match:
            pairs = _PARAMETER.findall(match[2] or "")
            parameters = {
                name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare
                for name, quoted, bare in pairs
            }
            found.append(Challenge(scheme=match[1].lower(), parameters=parameters))
    return tuple(found)


def answer(
    challenges: Iterable[Challenge],
    credentials: Credentials,
    *,
    host: str,
    scope: str,
    fetch: Fetch,
) -> str:
    """The Authorization header that answers the registry, "" where there is none to give.

    `scope` is asked for beside the challenge's own, since some registries name only
    `pull` even where a write was refused. Raises CannotDecide where the realm gives no token.
    """
    by_scheme = {each.scheme: each for each in challenges}
    bearer = by_scheme.get("bearer")
    if bearer is not None:
        return f"Bearer {_token(bearer, credentials, host=host, scope=scope, fetch=fetch)}"
    if "basic" in by_scheme and credentials:
        return credentials.basic
    return ""


def _token(
    challenge: Challenge, credentials: Credentials, *, host: str, scope: str, fetch: Fetch
) -> str:
    realm = _checked_realm(challenge.parameters.get("realm", ""), host)
    scopes = [each for each in challenge.parameters.get("scope", "").split() if each]
    if scope and scope not in scopes:
        scopes.append(scope)
    query = [("scope", each) for each in scopes]
    if "service" in challenge.parameters:
        query.insert(0, ("service", challenge.parameters["service"]))
    headers = {"Authorization": credentials.basic} if credentials else {}
    join = "&" if urlsplit(realm).query else "?"
    status, body = fetch(f"{realm}{join}{urlencode(query)}", headers)
    if status in (401, 403):
        raise denied(host, credentials, f"its token service answered {status}")
    token = _token_of(body) if status == 200 else ""
    if not token:
        raise CannotDecide(
            f"the registry {host} gave no token",
            where=realm,
            why=f"its token service answered {status}"
            + (" without a token" if status == 200 else ""),
            next="see that the realm that the registry names is its token service",
        )
    return token


def _checked_realm(realm: str, host: str) -> str:
    """The realm, if a password may be sent there: over TLS, or on this machine."""
    parts = urlsplit(realm)
    local = parts.scheme == "http" and is_loopback(parts.netloc) and is_loopback(host)
    plain = "@" not in parts.netloc and realm.isprintable() and " " not in realm
    if plain and parts.hostname and (parts.scheme == "https" or local):
        return realm
    raise CannotDecide(
        f"the registry {host} names a token service that is not trusted",
        where=realm[:200],
        why="a password is sent over https alone, or from loopback to loopback",
        next="correct the registry's configuration of its realm",
    )


def _token_of(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    token = found.get("token") or found.get("access_token") if isinstance(found, dict) else ""
    # It becomes a header: anything but visible ASCII would make a second one.
    return token if isinstance(token, str) and re.fullmatch(r"[!-~]+", token) else ""


def denied(host: str, credentials: Credentials, why: str, repository: str = "") -> CannotDecide:
    """The error for a refused login or a missing permission."""
    name = f"{host}/{repository}" if repository else host
    if credentials:
        hint = "see that user name and password are right and that the user may do this there"
    else:
        hint = "give a user name and a password: the registry does not allow this to everyone"
    return CannotDecide(f"the registry {host} refused access", where=name, why=why, next=hint)
