"""A client of OCI registries, of the standard library alone.

It speaks the OCI distribution specification 1.1: manifests, blobs, tags, referrers. Every
manifest and blob is checked against its digest, over the bytes, in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode, urljoin, urlsplit

from . import oci_referrers
from .errors import CannotDecide, UsageError
from .oci_auth import Credentials
from .oci_http import PAUSES, NotReached, Response, Transport
from .oci_reference import (
    Reference,
    checked_digest,
    digest_of,
    is_digest,
    is_repository,
    is_tag,
    matches,
    parse_reference,
)
from .oci_types import (
    BLOB_BYTES,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    EMPTY,
    INDEX,
    MANIFEST,
    MANIFEST_BYTES,
    PAGES,
    Descriptor,
    Manifest,
    json_object,
)

__all__ = [
    "EMPTY", "INDEX", "MANIFEST", "Descriptor", "Manifest", "Reference", "Registry", "digest_of",
    "parse_reference",
]  # fmt: skip

_TAGS_BYTES = 16 * 1024 * 1024
_ACCEPT = ", ".join((MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_LIST))
_FOUND_OR_NOT = (200, 404)


class Registry:
    """One registry. `plain_http` None means http on loopback and https elsewhere.

    `timeout` bounds each wait on the network, in seconds; `pauses` are the seconds between the
    tries of a request. Every method raises CannotDecide where the registry cannot be reached,
    refuses, or answers wrongly; the error names it and the repository, never the password.
    What is not there is None, False or empty, and no error.
    """

    def __init__(
        self,
        host: str,
        *,
        username: str = "",
        password: str = "",
        plain_http: bool | None = None,
        timeout: float = 30,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self.host = host
        self._http = Transport(
            host,
            Credentials(username=username, password=password),
            plain_http=plain_http,
            timeout=timeout,
            pauses=pauses,
        )

    @property
    def transport(self) -> Transport:
        """What carries requests, for streams that do not fit in memory."""
        return self._http

    # Manifests -----------------------------------------------------------------------------

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest of a tag or digest; None where the registry has none."""
        url = self._manifest_url(repository, reference)
        response = self.get(url, repository, _FOUND_OR_NOT, MANIFEST_BYTES, _ACCEPT)
        if response.status == 404:
            return None
        told = response.headers.get("Docker-Content-Digest", "")
        expected = reference if is_digest(reference) else told
        if expected and not (is_digest(expected) and matches(response.body, expected)):
            raise self._wrong_bytes(repository, reference, expected, response.body)
        return Manifest(
            data=response.body,
            media_type=response.media_type,
            digest=expected or digest_of(response.body),
        )

    def describe(self, repository: str, reference: str) -> Descriptor | None:
        """The manifest's type, digest and size without its bytes; None where there is none."""
        url = self._manifest_url(repository, reference)
        response = self._head(url, repository, _ACCEPT)
        if response.status == 404:
            return None
        told = response.headers.get("Docker-Content-Digest", "")
        if not is_digest(told):  # some registries leave the header out: the bytes tell
            found = self.manifest(repository, reference)
            return found.descriptor if found else None
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isdigit() else 0
        return Descriptor(media_type=response.media_type, digest=told, size=size)

    def push_manifest(self, repository: str, reference: str, data: bytes, media_type: str) -> str:
        """Put a manifest under a tag, or under its digest ("" or the digest itself); its digest.

        One that has a `subject` is listed among the subject's referrers, also where the
        registry does not do so by itself. Raises UsageError for bytes of another digest.
        """
        subject = json_object(data, "the manifest").get("subject")
        response, digest = self._put(repository, reference, data, media_type)
        if isinstance(subject, dict) and not response.headers.get("OCI-Subject"):
            artifact = Manifest(data=data, media_type=media_type, digest=digest)
            named = checked_digest(str(subject.get("digest")))
            oci_referrers.attach(self, repository, named, artifact)
        return digest

    def put_manifest(self, repository: str, reference: str, data: bytes, media_type: str) -> None:
        """`push_manifest` of what refers to nothing, or is listed already."""
        self._put(repository, reference, data, media_type)

    def tag(self, repository: str, digest: str, tag: str) -> None:
        """Let `tag` name the manifest `digest`, which lies in the repository; the bytes stay."""
        found = self.manifest(repository, checked_digest(digest))
        if found is None:
            raise CannotDecide(
                f"{self.host}/{repository}@{digest} is not in the registry",
                why=f"it cannot be tagged {tag}",
                next="push it first",
            )
        self._put(repository, tag, found.data, found.media_type)

    def delete_manifest(self, repository: str, digest: str) -> bool:
        """Delete a manifest, with all its tags; whether it was there."""
        url = self._manifest_url(repository, checked_digest(digest))
        response = self._http.request(
            "DELETE", url, repository=repository, good=(202, 404), limit=MANIFEST_BYTES
        )
        return response.status == 202

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags of the repository, sorted; none where it does not exist."""
        url = f"/v2/{_checked(repository)}/tags/list?n=1000"
        found: set[str] = set()
        for _ in range(PAGES):
            response = self.get(url, repository, _FOUND_OR_NOT, _TAGS_BYTES, "application/json")
            if response.status == 404:
                break
            names = json_object(response.body, "the list of tags").get("tags") or ()
            found.update(each for each in names if isinstance(each, str))
            url = response.next_page
            if not url:
                break
        return tuple(sorted(found))

    def referrers(
        self, repository: str, digest: str, artifact_type: str = ""
    ) -> tuple[Descriptor, ...]:
        """The manifests whose subject is `digest`, of one type where it is given, by digest."""
        _checked(repository)
        found = oci_referrers.listed(self, repository, checked_digest(digest))
        kept = (each for each in found if artifact_type in ("", each.artifact_type))
        return tuple(sorted(kept, key=lambda each: each.digest))

    # Blobs ---------------------------------------------------------------------------------

    def blob(self, repository: str, digest: str, *, limit: int = BLOB_BYTES) -> bytes | None:
        """The bytes of a blob, at most `limit`; None where the registry has none."""
        url = f"/v2/{_checked(repository)}/blobs/{checked_digest(digest)}"
        response = self.get(url, repository, _FOUND_OR_NOT, limit, "*/*")
        if response.status == 404:
            return None
        if not matches(response.body, digest):
            raise self._wrong_bytes(repository, digest, digest, response.body)
        return response.body

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the repository holds the blob."""
        url = f"/v2/{_checked(repository)}/blobs/{checked_digest(digest)}"
        return self._head(url, repository, "*/*").status == 200

    def blob_address(self, repository: str, digest: str) -> str:
        """The URL of a blob, for clients that fetch ranges of it."""
        return f"{self._http.origin}/v2/{_checked(repository)}/blobs/{checked_digest(digest)}"

    def authorization(self, repository: str) -> str:
        """The header that lets such a client read blobs, fresh; "" where none is needed."""
        return self._http.fresh_authorization(_checked(repository))

    def push_blob(self, repository: str, data: bytes) -> str:
        """Store a blob unless it is there; its digest."""
        digest = digest_of(data)
        if self.has_blob(repository, digest):
            return digest
        url = self.begin(repository)
        self.finish(repository, url, digest, data)
        return digest

    def begin(self, repository: str, question: str = "") -> str:
        """Begin an upload; the URL that it goes to."""
        begun = self._http.request(
            "POST",
            f"/v2/{_checked(repository)}/blobs/uploads/{question}",
            repository=repository,
            good=(201, 202),
            limit=MANIFEST_BYTES,
            body=b"",
        )
        return "" if begun.status == 201 else self.upload_url(repository, begun)

    def mount(self, repository: str, digest: str, other: str) -> str:
        """Take a blob over from another repository of the registry: "" where it did.

        Else the URL of the upload that the registry began instead.
        """
        names = {"mount": checked_digest(digest), "from": _checked(other)}
        return self.begin(repository, f"?{urlencode(names)}")

    def finish(self, repository: str, url: str, digest: str, data: bytes = b"") -> None:
        """End an upload, with its last bytes; the registry compares the digest."""
        stored = self._http.request(
            "PUT",
            f"{url}{'&' if urlsplit(url).query else '?'}digest={quote(digest, safe='')}",
            repository=repository,
            good=(201,),
            limit=MANIFEST_BYTES,
            headers={"Content-Type": "application/octet-stream"},
            body=data,
        )
        self._check_told(repository, stored, digest)

    # Requests ------------------------------------------------------------------------------

    def get(
        self, url: str, repository: str, good: Sequence[int], limit: int, accept: str
    ) -> Response:
        """A GET whose answer has one of the statuses `good` and at most `limit` bytes."""
        headers = {"Accept": accept}
        return self._http.request(
            "GET", url, repository=repository, good=good, limit=limit, headers=headers
        )

    def _head(self, url: str, repository: str, accept: str) -> Response:
        headers = {"Accept": accept}
        return self._http.request(
            "HEAD", url, repository=repository, good=_FOUND_OR_NOT, limit=0, headers=headers
        )

    def _put(
        self, repository: str, reference: str, data: bytes, media_type: str
    ) -> tuple[Response, str]:
        digest = reference if is_digest(reference) else digest_of(data)
        if not matches(data, digest):
            raise UsageError(f"the manifest is not {digest}", why=f"it is {digest_of(data)}")
        response = self._http.request(
            "PUT",
            self._manifest_url(repository, reference or digest),
            repository=repository,
            good=(201,),
            limit=MANIFEST_BYTES,
            headers={"Content-Type": media_type},
            body=data,
        )
        self._check_told(repository, response, digest)
        return response, digest

    def _manifest_url(self, repository: str, reference: str) -> str:
        if not is_digest(reference) and not is_tag(reference):
            raise UsageError(
                f"{reference[:130]!r} is neither a tag nor a digest",
                where=f"{self.host}/{repository}",
            )
        return f"/v2/{_checked(repository)}/manifests/{reference}"

    def upload_url(self, repository: str, begun: Response) -> str:
        """Where an upload goes on, as the registry told it. Raises CannotDecide."""
        try:
            return self._http.secure(urljoin(begun.url, begun.headers.get("Location", "")))
        except NotReached as error:
            raise CannotDecide(
                f"the registry {self.host} cannot be written to",
                where=f"POST {self.host}/{repository}",
                why=str(error),
                next="tell a registry behind a proxy that it is reached over https",
            ) from None

    def _check_told(self, repository: str, response: Response, digest: str) -> None:
        told = response.headers.get("Docker-Content-Digest", "")
        # A registry may count by another algorithm; then its digest tells nothing of ours.
        if told and told != digest and told.partition(":")[0] == digest.partition(":")[0]:
            raise CannotDecide(
                f"the registry {self.host} stored something else than it was sent",
                where=f"{self.host}/{repository}",
                why=f"sent {digest}, stored {told[:100]}",
                next="run again; if it stays so, look at what lies between here and the registry",
            )

    def _wrong_bytes(
        self, repository: str, reference: str, expected: str, data: bytes
    ) -> CannotDecide:
        return CannotDecide(
            f"the registry {self.host} sent bytes that are not those of their digest",
            where=f"{self.host}/{repository}, {reference}",
            why=f"expected {expected[:100]}, got {digest_of(data)}",
            next="run again; if it stays so, look at what lies between here and the registry",
        )


def _checked(repository: str) -> str:
    if not is_repository(repository):
        raise UsageError(
            f"{repository[:80]!r} is no repository",
            next="use lower-case letters, digits, '.', '_', '-' and '/'",
        )
    return repository
