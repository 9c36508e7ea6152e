from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.facts import cmake_project, python_project

from ci_gen.detect.document import facts_from_json, facts_to_json
from ci_gen.detect.model import (
    CudaOption,
    Facts,
    Manifest,
    ModelName,
    Platform,
    Project,
    Remote,
    Seen,
    Visibility,
)

FACTS = Facts(
    name="a",
    default_branch="main",
    remotes=(Remote(name="o", url="u", slug="a/b", platform=Platform.GITHUB),),
    visibility=Visibility.PUBLIC,
    visibility_seen=Seen("LICENSE"),
    projects=(cmake_project(), python_project()),
    submodules=("x",),
    dockerfiles=(Seen("Dockerfile", 3),),
    manifests=(Manifest(path="k", kind="Pod", tool="kubectl", seen=Seen("k", 1)),),
    workflows=(),
    gitlab_ci=(),
    models=(ModelName(name="m.gguf", source="", quantization="", seen=Seen("c", 1)),),
    notes=("n",),
)
# hypothesis builds every dataclass of the model from its annotations.
ANY_FACTS = st.builds(Facts, projects=st.lists(st.builds(Project), max_size=2).map(tuple))


@given(ANY_FACTS)
def test_there_and_back(facts: Facts) -> None:
    text = json.dumps(facts_to_json(facts))
    assert facts_from_json(json.loads(text)) == facts


def test_plain_values() -> None:
    document = facts_to_json(FACTS)
    assert document["remotes"] == [
        {"name": "o", "url": "u", "slug": "a/b", "platform": "github"},
    ]
    assert document["visibility_seen"] == {"path": "LICENSE", "line": 0}
    assert document["projects"][0]["llama"]["cuda_option"] == CudaOption.GGML_CUDA.value


def damaged(*keys: str | int, value: Any = ..., remove: bool = False) -> dict[str, Any]:
    document = facts_to_json(FACTS)
    place: Any = document
    for key in keys[:-1]:
        place = place[key]
    if remove:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (3, "facts: an object is needed, not 3"),
        (damaged("name", remove=True), "facts: the key 'name' is missing"),
        (damaged("x", value=1), "facts: unknown key 'x'"),
        (damaged("name", value=None), "facts.name: a text is needed, not None"),
        (damaged("notes", value="n"), "facts.notes: a list is needed, not 'n'"),
        (damaged("notes", 0, value=1), r"facts.notes\[0\]: a text is needed, not 1"),
        (
            damaged("projects", 0, "kind", value="make"),
            r"facts.projects\[0\].kind: one of cmake, python is needed, not 'make'",
        ),
        (
            damaged("dockerfiles", 0, "line", value=True),
            r"facts.dockerfiles\[0\].line: a whole number is needed, not True",
        ),
        (
            damaged("projects", 1, "python", "packaged", value="y" * 99),
            r"packaged: true or false is needed, not 'y{56}\.\.\.",
        ),
    ],
)
def test_a_damaged_document_says_where(document: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        facts_from_json(document)


def test_fields_with_a_default_may_be_missing() -> None:
    document = damaged("manifests", 0, "deployed_by", remove=True)
    assert facts_from_json(document) == FACTS


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("name"), inner),
    )
)
def test_anything_else_is_refused_in_words(document: object) -> None:
    with pytest.raises(ValueError, match=r"^facts"):
        facts_from_json(document)
