from __future__ import annotations

import pytest

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.core.oci_reference import Reference
from ci_gen_actions.fetch_model.sources import (
    Artifact,
    Hub,
    Local,
    Registered,
    Source,
    Stored,
    Web,
    parse,
)

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://example.org/a/m.gguf?x=1", Web("https://example.org/a/m.gguf?x=1")),
        ("http://127.0.0.1:8000/m.gguf", Web("http://127.0.0.1:8000/m.gguf")),
        ("http://localhost/m.gguf", Web("http://localhost/m.gguf")),
        ("hf://org/repo/m.gguf@v1.0", Hub("org/repo", "m.gguf", "v1.0")),
        ("hf://org/repo/a/b/m.gguf", Hub("org/repo", "a/b/m.gguf", "main")),
        ("hf://org/repo/m.gguf@refs/pr/3", Hub("org/repo", "m.gguf", "refs/pr/3")),
        (
            f"oci://ghcr.io/me/m:v1@{DIGEST}",
            Artifact(Reference(host="ghcr.io", repository="me/m", tag="v1", digest=DIGEST), ""),
        ),
        (
            "oci://127.0.0.1:5000/m:v1#a/m%20x.gguf",
            Artifact(Reference(host="127.0.0.1:5000", repository="m", tag="v1"), "a/m x.gguf"),
        ),
        ("registry://chat@1.2", Registered("chat", "1.2")),
        ("registry://chat", Registered("chat", "latest")),
        ("file:models/m.gguf", Local("models/m.gguf")),
        ("file:/srv/m.gguf", Local("/srv/m.gguf")),
        ("file:///srv/my%20m.gguf", Local("/srv/my m.gguf")),
        ("file:~/m.gguf", Local("~/m.gguf")),
        ("s3://bucket/a/m.gguf", Stored("s3://bucket/a/m.gguf")),
    ],
)
def test_sources(text: str, source: Source) -> None:
    assert parse(text, allow_http=False) == source


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models/m.gguf", "write file: before its path"),
        ("/srv/m.gguf", "write file: before its path"),
        ("https:/example.org/m.gguf", "https://host/path"),
        ("htps://example.org/m.gguf", "did you mean https:?"),
        ("ftp://example.org/m.gguf", "begins with none of"),
        ("http://example.org/m.gguf", "allow-http"),
        ("https://me:secret@example.org/m.gguf", "username and password"),
        ("https://example.org:99999/m.gguf", "is no address"),
        ("https://example.org/m.gguf#x", "has no meaning"),
        ("https://exämple.org/m.gguf", "is no address"),
        ("hf://org/m.gguf", "hf://organisation/repository"),
        ("hf://org/repo/../m.gguf@main", "hf://organisation/repository"),
        ("hf:org/repo/m.gguf", "after hf: there must be //"),
        ("oci://ghcr.io/Me/m:v1", "use lower-case letters"),
        ("oci://ghcr.io/me/m@sha256:12", "is no digest"),
        ("registry://", "there must be //"),
        ("registry://@1.0", "registry://name@version"),
        ("file:", "file:path"),
        ("file://other/srv/m.gguf", "is another machine"),
        ("s3://bucket", "bucket/path"),
        (" https://example.org/m.gguf", "blanks"),
        ("https://example.org/m\x1b[31m.gguf", "do not print"),
        ("", "begins with none of"),
    ],
)
def test_what_is_no_source(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, allow_http=False)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.next or caught.value.why


def test_http_where_it_is_allowed() -> None:
    url = "http://models.internal/m.gguf"
    assert parse(url, allow_http=True) == Web(url)


def test_a_commit_is_pinned() -> None:
    assert Hub("a/b", "m", "0" * 40).pinned
    assert not Hub("a/b", "m", "main").pinned
    assert not Hub("a/b", "m", "0" * 39).pinned
