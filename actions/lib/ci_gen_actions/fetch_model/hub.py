"""Files of the Hugging Face hub, or of a mirror that answers as it does (HF_ENDPOINT).

The head of `<endpoint>/<repository>/resolve/<revision>/<file>` tells the commit (X-Repo-Commit)
and, of files in large file storage, the SHA-256 (X-Linked-ETag) and the size (X-Linked-Size).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urljoin

from ..gguf_file.split import part_names
from . import addresses
from .failures import Failure
from .found import Found, Wanted
from .http_client import Authorization, HttpClient, anonymous, refusal
from .http_origin import HttpOrigin
from .retrying import Tries, tried
from .sources import Hub

ENDPOINT = "https://huggingface.co"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_RENAMES = 5


def locate(
    source: Hub,
    client: HttpClient,
    environ: Mapping[str, str],
    token: str,
    tries: Tries,
    *,
    allow_http: bool,
) -> Found:
    """The files that `source` names, at the commit that its revision means now."""
    told = environ.get("HF_ENDPOINT") or ENDPOINT
    endpoint = addresses.checked(told.rstrip("/"), allow_http=allow_http)
    token = token or environ.get("HF_TOKEN", "")
    authorization: Authorization = (lambda _again: f"Bearer {token}") if token else anonymous
    folder, slash, name = source.file.rpartition("/")
    commit = source.revision
    files = []
    for each in part_names(name):
        url = _address(endpoint, source.repository, commit, f"{folder}{slash}{each}")
        headers = _head(url, client, authorization, tries)
        # All files are those of the commit that the first one was found at.
        found = headers.get("X-Repo-Commit", "")
        commit = found if _COMMIT.fullmatch(found) else commit
        url = _address(endpoint, source.repository, commit, f"{folder}{slash}{each}")
        tag = headers.get("X-Linked-ETag", "").removeprefix("W/").strip('"')
        size = headers.get("X-Linked-Size", "")
        files.append(
            Wanted(
                name=each,
                sha256=tag if _SHA256.fullmatch(tag) else "",
                size=int(size) if size.isdigit() else None,
                origin=HttpOrigin(client, url, authorization),
            )
        )
    exact = f"hf://{source.repository}/{source.file}@{commit}"
    return Found(
        files=tuple(files),
        source=exact,
        movable="" if source.pinned else exact,
    )


def _address(endpoint: str, repository: str, revision: str, file: str) -> str:
    return f"{endpoint}/{repository}/resolve/{quote(revision, safe='')}/{quote(file)}"


def _head(
    url: str, client: HttpClient, authorization: Authorization, tries: Tries
) -> Mapping[str, str]:
    def ask() -> Mapping[str, str]:
        at = url
        for _ in range(_RENAMES):
            response, _ = client.get(at, {}, authorization, method="HEAD", follow=False)
            response.release_conn()
            if response.status not in (200, 301, 302, 303, 307, 308):
                raise _told(response.headers, refusal(response))
            # A repository of another name redirects within the hub; the storage is elsewhere.
            target = urljoin(at, response.headers.get("Location", ""))
            within = addresses.origin_of(target) == addresses.origin_of(url)
            if response.status == 200 or response.headers.get("X-Linked-ETag") or not within:
                return response.headers
            at = target
        raise Failure(f"it redirects more than {_RENAMES} times", final=True)

    return tried(ask, addresses.shown(url), tries)


def _told(headers: Mapping[str, str], failure: Failure) -> Failure:
    """What the hub says in its own words, added."""
    code = headers.get("X-Error-Code", "")
    hints = {
        "RepoNotFound": "see that the repository's name is right; a private one needs a token",
        "RevisionNotFound": "see that the revision is a branch, tag or commit of the repository",
        "EntryNotFound": "see that the file's name is right",
        "GatedRepo": "accept the repository's terms on its page, and give a token of that user",
    }
    if code not in hints:
        return failure
    return Failure(
        f"{failure.why} ({code})", final=failure.final, after=failure.after, next=hints[code]
    )
