"""Where actions, images, tools and vendored files come from."""

from __future__ import annotations

import re

import pytest
from tests.support.configs import SOURCE, VENDORED
from tests.support.repositories import PROJECT

from ci_gen.pipeline.parts import BUILD_TOOLS, PYTHON_TOOLS
from ci_gen.render.pins import pins
from ci_gen.render.tools import packages
from ci_gen.render.vendor import vendored


@pytest.mark.parametrize(
    ("action", "remote", "local"),
    [
        ("build", f"ci-gen/ci-gen/actions/build@{'a' * 40} # v0.1.0", "./.ci-gen/actions/build"),
        ("", f"ci-gen/ci-gen@{'a' * 40} # v0.1.0", "./.ci-gen"),
    ],
)
def test_what_follows_uses(action: str, remote: str, local: str) -> None:
    assert SOURCE.uses(action) == remote
    assert VENDORED.uses(action) == local
    assert SOURCE.url == "https://github.com/ci-gen/ci-gen.git"


def test_every_pin_is_a_digest_with_the_version_beside_it() -> None:
    known = pins()
    assert known.actions
    for name in known.actions:
        assert re.fullmatch(rf"{name}@[0-9a-f]{{40}} # v\d+\.\d+\.\d+", known.action(name))
    for name in known.images:
        assert re.fullmatch(r"[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}", known.image(name))


def test_a_folder_of_an_action_has_the_pin_of_its_repository() -> None:
    whole, part = pins().action("actions/cache"), pins().action("actions/cache/save")
    assert part == whole.replace("actions/cache@", "actions/cache/save@")
    with pytest.raises(KeyError):
        pins().action("nobody/nothing")


def test_every_tool_that_a_job_needs_has_a_package() -> None:
    assert packages(PYTHON_TOOLS) == [("git", "git"), ("python3", "python3-venv")]
    assert ("ninja", "ninja-build") in packages(BUILD_TOOLS)
    with pytest.raises(KeyError):
        packages(("emacs",))


def test_vendored_files_are_the_actions_without_leavings() -> None:
    texts = vendored()
    assert ".ci-gen/actions/launch.py" in texts
    for path, text in texts.items():
        assert (PROJECT / path.removeprefix(".ci-gen/")).read_text("utf-8") == text
        assert "__pycache__" not in path
        assert "/ci_gen/" not in path
    for action in ("build", "build-python", "changes", "gate", "pytest", "quick-checks"):
        assert f".ci-gen/actions/{action}/action.yml" in texts
