"""Names of images and their digests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.core.oci_reference import digest_of, is_loopback, matches, parse_reference

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("127.0.0.1:5000/team/app", "127.0.0.1:5000", "team/app", "", ""),
        ("ghcr.io/me/app:v1.2", "ghcr.io", "me/app", "v1.2", ""),
        (f"ghcr.io/me/app@{DIGEST}", "ghcr.io", "me/app", "", DIGEST),
        (f"host:1/a/b__c/d-e:t@{DIGEST}", "host:1", "a/b__c/d-e", "t", DIGEST),
        ("localhost/app:x", "localhost", "app", "x", ""),
        ("[::1]:5000/app", "[::1]:5000", "app", "", ""),
        ("debian:bookworm", "docker.io", "library/debian", "bookworm", ""),
        ("grafana/k6", "docker.io", "grafana/k6", "", ""),
        ("docker.io/debian", "docker.io", "library/debian", "", ""),
    ],
)
def test_each_form(text: str, host: str, repository: str, tag: str, digest: str) -> None:
    found = parse_reference(text)
    assert (found.host, found.repository) == (host, repository)
    assert (found.tag, found.digest) == (tag, digest)
    assert parse_reference(str(found)) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no repository"),
        ("host.io/App", "no repository"),
        ("host.io/app:", "no tag"),
        ("host.io/app:a b", "no tag"),
        ("host.io/app@sha256:12", "no digest"),
        ("host.io/app@", "no digest"),
        ("https://host.io/app", "no host"),
        ("host.io:x/app", "no host"),
        ("host.io/../app", "no repository"),
        ("host.io/app\nHost: other", "no tag"),
    ],
)
def test_what_names_no_image(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_reference(text)


def test_upper_case_is_explained() -> None:
    with pytest.raises(UsageError, match="lower-case"):
        parse_reference("ghcr.io/Me/App")


def test_the_digest_is_asked_for_before_the_tag() -> None:
    both = parse_reference(f"ghcr.io/me/app:v1@{DIGEST}")
    assert both.pointer == DIGEST
    assert parse_reference("ghcr.io/me/app:v1").pointer == "v1"
    assert parse_reference("ghcr.io/me/app").pointer == "latest"
    assert str(parse_reference("ghcr.io/me/app:v1").at(DIGEST)) == f"ghcr.io/me/app@{DIGEST}"


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("localhost:80", True),
        ("registry.localhost", True),
        ("[::1]:5000", True),
        ("localhost.example.org", False),
        ("10.0.0.1:5000", False),
        ("ghcr.io", False),
    ],
)
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@given(st.binary(), st.binary())
def test_a_digest_names_its_bytes_alone(one: bytes, other: bytes) -> None:
    for algorithm in ("sha256", "sha512"):
        digest = digest_of(one, algorithm)
        assert matches(one, digest)
        assert matches(other, digest) is (one == other)
