"""All files of one repository under their final names."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.configs import SOURCE, VENDORED, config_of, outcome
from tests.support.facts import facts

from ci_gen.errors import ConfigError
from ci_gen.render.source import ActionSource

CI, PAGE = ".github/workflows/ci.yml", "docs/pipeline.md"


def made(document: dict[str, Any], source: ActionSource = SOURCE) -> dict[str, str]:
    return outcome(config_of(document), facts(), source).texts


@pytest.mark.parametrize(
    ("platforms", "there", "absent"),
    [
        (["github"], ".github/workflows/", ".gitlab"),
        (["gitlab"], ".gitlab-ci.yml", ".github/"),
    ],
)
def test_platforms(platforms: list[str], there: str, absent: str) -> None:
    paths = list(made({"platforms": platforms}))
    assert paths == sorted(paths)
    assert any(path.startswith(there) for path in paths)
    assert not any(path.startswith(absent) for path in paths)


def test_the_schema_of_models_comes_with_a_model() -> None:
    schema = ".ci-gen/model-config.schema.json"
    assert schema not in made({})
    assert schema in made({"models": [{"name": "a"}]})


def test_vendored_actions_come_without_the_check_that_needs_the_generator() -> None:
    paths = set(made({}, VENDORED))
    assert {".ci-gen/actions/launch.py", ".ci-gen/actions/build/action.yml"} <= paths
    assert not {".github/workflows/ci-gen.yml", ".gitlab/ci-gen/drift.yml"} & paths


def test_another_name() -> None:
    texts = made({"files": {CI: ".github/workflows/x.yml"}})
    assert CI not in texts
    assert texts[".github/workflows/x.yml"] == made({})[CI]


def test_names_may_be_swapped() -> None:
    svg = "docs/pipeline.svg"
    texts = made({"files": {PAGE: svg, svg: PAGE}})
    assert texts[PAGE].startswith("<svg") or "<svg" in texts[PAGE][:200]


@pytest.mark.parametrize(
    ("files", "messages"),
    [
        ({"no/such.yml": "a.yml"}, ['files names "no/such.yml", which is not generated']),
        ({CI: PAGE}, [f'files gives "{PAGE}" twice']),
        ({CI: "a.yml", PAGE: "a.yml"}, ['files gives "a.yml" twice']),
        ({CI: "ci-gen.yaml"}, ['files gives "ci-gen.yaml" twice']),
        (
            {"no/such.yml": "a.yml", CI: PAGE},
            ['"no/such.yml", which is not generated', f'"{PAGE}" twice'],
        ),
    ],
)
def test_names_that_cannot_be(files: dict[str, str], messages: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        made({"files": files})
    assert len(raised.value.problems) == len(messages)
    for message in messages:
        assert message in str(raised.value)
