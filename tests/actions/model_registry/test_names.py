"""What can name a model, a version, a pointer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.errors import UsageError
from ci_gen_actions.core.oci_reference import is_tag
from ci_gen_actions.model_registry import names


@pytest.mark.parametrize("text", ["llama-2-7b-chat", "SmolLM2-135M-Instruct", "a", "a.b_c--d"])
def test_models(text: str) -> None:
    assert names.model_name(text) == text


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a/b", "-a", "a-", "a..b", ".ci-gen", "a b", "ä", "a\n", "x" * 129]
)
def test_what_names_no_model(text: str) -> None:
    with pytest.raises(UsageError, match="cannot name a model"):
        names.model_name(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.0", "1.0"), ("v1.0", "1.0"), ("2026-11-27-3f2a1bc", "2026-11-27-3f2a1bc")],
)
def test_versions(text: str, version: str) -> None:
    assert names.version_name(text) == version
    assert names.is_version(text)
    assert not names.is_pointer(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("latest", "reads as a pointer"),
        ("1.0+b", "no '\\+'"),
        ("vv1", "begins with a digit"),
        ("", "begins with a digit"),
        ("../1", "begins with a digit"),
        ("1.", "begins with a digit"),
        ("1/2", "begins with a digit"),
    ],
)
def test_what_is_no_version(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        names.version_name(text)
    assert caught.match("cannot be a version")
    assert why.replace("\\", "") in str(caught.value)


def test_pointers() -> None:
    assert names.pointer_name("production") == "production"
    for text in ("v1", "1.0", "", "Latest", ".ci-gen", "a/b", "-a"):
        with pytest.raises(UsageError, match="cannot name a pointer"):
            names.pointer_name(text)


@given(st.text(max_size=20))
def test_a_text_names_a_version_or_a_pointer_and_never_both(text: str) -> None:
    assert not (names.is_version(text) and names.is_pointer(text))


@given(st.from_regex(r"v?[0-9][A-Za-z0-9._-]{0,20}", fullmatch=True))
def test_a_version_is_a_tag_and_comes_back_from_its_folder(text: str) -> None:
    if names.is_version(text):
        folder = names.folder_name(names.version_name(text))
        assert is_tag(folder)
        assert names.version_of(folder) == names.version_name(text)


def test_order() -> None:
    wanted = ["0.9", "1.0-rc1", "1.0-rc2", "1.0-rc10", "1.0", "1.0.1", "1.9", "1.10", "2"]
    assert sorted({*wanted}, key=names.order) == wanted
