"""Signatures and attestations, checked by the tools that know how: cosign and gh.

Sources: `cosign verify --help` (3.1), `gh attestation verify --help` (2.8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..core.errors import CannotDecide, UsageError
from ..core.process import capture

SECONDS = 120.0
_ISSUERS = {
    "https://github.com/": "https://token.actions.githubusercontent.com",
    "https://gitlab.com/": "https://gitlab.com",
}
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Who must have signed: `identity` is the workflow's URL with its ref, `issuer` who vouches
    for it ("": what belongs to the identity's host), `repository` GitHub's `owner/name`."""

    identity: str = ""
    issuer: str = ""
    repository: str = ""


def commands(reference: str, signer: Signer) -> tuple[tuple[str, ...], ...]:
    """The commands that check the image `reference`. Raises UsageError."""
    found: list[tuple[str, ...]] = []
    if signer.identity:
        identity = ("--certificate-identity", _url(signer.identity, "identity"))
        issuer = ("--certificate-oidc-issuer", _issuer(signer))
        found.append(("cosign", "verify", *identity, *issuer, reference))
    if signer.repository:
        if not _REPOSITORY.fullmatch(signer.repository):
            raise UsageError(
                f"{signer.repository[:80]!r} is no repository of GitHub", next="write owner/name"
            )
        words = ("gh", "attestation", "verify", f"oci://{reference}", "--repo", signer.repository)
        found.append(words)
    if not found:
        raise UsageError(
            "nobody is named who must have signed",
            why="a signature by anybody proves nothing",
            next="give --identity with the workflow's URL and ref, or --repo owner/name, or both",
        )
    return tuple(found)


def problems(reference: str, signer: Signer) -> Iterator[str]:
    """What the tools did not find right. Raises UsageError, CannotDecide (a tool is missing)."""
    for argv in commands(reference, signer):
        done = capture(argv, timeout=SECONDS)
        if done.timed_out:
            raise CannotDecide(f"{argv[0]} {done.outcome}", where=" ".join(argv))
        if not done.ok:
            lines = [line.strip() for line in done.output.splitlines() if line.strip()]
            said = lines[-1] if lines else "it says nothing"
            yield f"{' '.join(argv[:2])} {done.outcome}: {said}"


def _issuer(signer: Signer) -> str:
    if signer.issuer:
        return _url(signer.issuer, "issuer")
    for host, issuer in _ISSUERS.items():
        if signer.identity.startswith(host):
            return issuer
    raise UsageError(
        "the issuer of this identity is not known",
        where=signer.identity[:200],
        next="give --issuer with the URL of the OpenID provider that vouches for it",
    )


def _url(text: str, what: str) -> str:
    if not re.fullmatch(r"https://[!-~]+", text):
        raise UsageError(
            f"{text[:80]!r} is no {what}", next="write a URL that begins with https://"
        )
    return text
