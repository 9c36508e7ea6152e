"""Other names for files whose usual name is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen.render.names import beside


@pytest.mark.parametrize(
    ("path", "taken", "name"),
    [
        (".github/workflows/ci.yml", [], ".github/workflows/ci-gen-ci.yml"),
        (
            ".github/workflows/ci.yml",
            [".github/workflows/ci-gen-ci.yml"],
            ".github/workflows/ci.ci-gen.yml",
        ),
        (".gitlab-ci.yml", [], ".gitlab/ci-gen/pipeline.yml"),
        (".gitlab-ci.yml", [".gitlab/ci-gen/pipeline.yml"], "gitlab-ci.ci-gen.yml"),
        ("docs/pipeline.md", [], "docs/pipeline.ci-gen.md"),
        ("docs/pipeline.md", ["docs/pipeline.ci-gen.md"], "docs/pipeline.ci-gen-2.md"),
        (".github/CODEOWNERS", [], ".github/CODEOWNERS.ci-gen"),
    ],
)
def test_names(path: str, taken: list[str], name: str) -> None:
    assert beside(path, taken) == name


@given(st.integers(0, 12), st.sampled_from([".gitlab-ci.yml", "a/b.c.d", "a/b", ".x"]))
def test_a_free_name_is_always_found(count: int, path: str) -> None:
    taken: list[str] = [path]
    for _ in range(count):
        taken.append(beside(path, taken))
    assert len(set(taken)) == len(taken)
