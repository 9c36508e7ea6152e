from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen.detect.names import MAX_LENGTH, name_projects, slugify

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


@pytest.mark.parametrize(
    ("text", "slug"),
    [("llama.cpp", "llama-cpp"), ("LLamaSharp", "llamasharp"), ("Über_Dienst", "uber-dienst")],
)
def test_slugs(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_nothing_left_is_the_fallback() -> None:
    assert slugify("日本") == "service"
    assert slugify("", "repository") == "repository"


@given(st.text())
def test_every_slug_is_a_name(text: str) -> None:
    slug = slugify(text)
    assert NAME.fullmatch(slug)
    assert len(slug) <= MAX_LENGTH


@given(st.text(alphabet="ab", min_size=45), st.text(alphabet="ab", min_size=45))
def test_long_names_stay_apart(one: str, two: str) -> None:
    assert (slugify(one) == slugify(two)) == (one == two)


def test_a_folder_has_the_name_of_its_last_telling_part() -> None:
    names = name_projects("My.Repo", [".", "services/answers", "services/chat/src", "a/x", "b/x"])
    assert names == {
        ".": "my-repo",
        "services/answers": "answers",
        "services/chat/src": "chat",
        "a/x": "a-x",
        "b/x": "b-x",
    }
    assert name_projects("r", ["src"]) == {"src": "src"}


@given(st.text(), st.lists(st.text(alphabet="aB.-/é", min_size=1)))
def test_names_are_unique(repository: str, paths: list[str]) -> None:
    names = name_projects(repository, paths)
    assert set(names) == set(paths)
    assert len(set(names.values())) == len(names)
    assert all(NAME.fullmatch(name) and len(name) <= MAX_LENGTH for name in names.values())
