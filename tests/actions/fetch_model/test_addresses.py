from __future__ import annotations

import pytest

from ci_gen_actions.fetch_model.addresses import file_name, is_file_name, next_hop, origin_of, shown


def test_who_an_address_is_of() -> None:
    assert origin_of("https://A.example/x") == origin_of("https://a.example:443/y")
    assert origin_of("https://a.example") != origin_of("http://a.example")
    assert origin_of("https://a.example") != origin_of("https://a.example:444")


def test_what_is_shown_of_an_address() -> None:
    assert shown("https://u:p@h/a/b?signature=s#f") == "https://h/a/b"


@pytest.mark.parametrize(
    ("url", "target", "followed"),
    [
        ("https://a/", "https://b/", True),
        ("https://a/", "http://b/", False),
        ("http://127.0.0.1/", "https://b/", True),
        ("http://127.0.0.1/", "http://[::1]/", True),
        ("http://127.0.0.1/", "http://b/", False),
        ("https://a/", "https://b:x/", False),
        ("https://a/", "https:///b", False),
        ("https://a/", "data:,x", False),
    ],
)
def test_redirects(url: str, target: str, followed: bool) -> None:
    assert bool(next_hop(url, target, allow_http=False)) is followed


def test_redirects_between_allowed_machines() -> None:
    assert next_hop("http://a/", "http://b/", allow_http=True)
    assert not next_hop("https://a/", "http://b/", allow_http=True)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a/b/m.gguf?x=/y", "m.gguf"),
        ("https://a/b/my%20m.gguf", "my m.gguf"),
        ("https://a/b/", ""),
        ("https://a", ""),
        ("https://a/..%2F..%2Fetc", ""),
        ("https://a/%00", ""),
        ("https://a/-rf", ""),
    ],
)
def test_file_names(url: str, name: str) -> None:
    assert file_name(url) == name


def test_what_can_name_a_file() -> None:
    assert is_file_name("m.gguf")
    assert not any(map(is_file_name, ("", ".", "..", "a/b", "a\nb", "-a", "x" * 201)))
