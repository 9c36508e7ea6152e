from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.core.dialect import Event
from ci_gen_actions.core.image_tags import RULES, branch_tag, image_tags, moving, version_tags

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA = "sha-0123456789ab"
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def on(branch: str = "", tag: str = "", *, unmerged: bool = False) -> Event:
    return Event(branch=branch, tag=tag, default_branch="main", unmerged=unmerged)


@pytest.mark.parametrize(
    ("event", "variant", "tags"),
    [
        (on("main"), "cpu", (SHA, "main", "latest")),
        (on("main"), "python", (SHA, "main", "latest")),
        (on("main"), "cuda", (f"{SHA}-cuda", "main-cuda", "latest-cuda")),
        (on("feature/Neu und gut"), "cpu", (SHA, "feature-Neu-und-gut")),
        (on("main", unmerged=True), "cpu", (SHA,)),
        (on(tag="v1.2.3"), "cpu", (SHA, "1.2.3", "1.2", "1")),
        (on(tag="1.2.3"), "cuda", (f"{SHA}-cuda", "1.2.3-cuda", "1.2-cuda", "1-cuda")),
        (on(tag="v1.2.3-rc.1"), "cpu", (SHA, "1.2.3-rc.1")),
        (on(tag="v1.2.3+5"), "cpu", (SHA, "1.2.3_5")),
        (on(tag="v0.4.0"), "cpu", (SHA, "0.4.0", "0.4")),
        (on(tag="nightly"), "cpu", (SHA,)),
        (on(tag="v01.2.3"), "cpu", (SHA,)),
        (Event(), "cpu", (SHA,)),
        (Event(branch="main"), "cpu", (SHA, "main")),
    ],
)
def test_the_tags_of_a_run(event: Event, variant: str, tags: tuple[str, ...]) -> None:
    assert image_tags(RULES, event, COMMIT, variant=variant) == tags


@pytest.mark.parametrize("name", ["latest", "latest-cuda", "1.2", "v1", "sha-0123", "buildcache"])
def test_a_branch_cannot_take_the_tag_of_another_rule(name: str) -> None:
    assert branch_tag(on(name)) == (f"branch-{name}",)


@pytest.mark.parametrize(
    ("tag", "released", "tags"),
    [
        ("v1.1.9", ("v1.2.0",), ("1.1.9", "1.1")),
        ("v1.1.9", ("v1.1.10",), ("1.1.9",)),
        ("v1.1.9", ("v1.2.0-rc.1", "v2.0.0", "junk"), ("1.1.9", "1.1", "1")),
    ],
)
def test_a_fix_of_an_old_line_does_not_take_the_newer_ones_tags(
    tag: str, released: tuple[str, ...], tags: tuple[str, ...]
) -> None:
    assert version_tags(tag, released) == tags


def test_what_moves() -> None:
    tags = image_tags(RULES, on("main"), COMMIT, variant="cuda")
    assert moving(tags, COMMIT, "cuda") == ("main-cuda", "latest-cuda")


@given(branch=st.text(min_size=1), variant=st.sampled_from(["", "cpu", "cuda", "cuda-12.8"]))
def test_whatever_a_branch_is_called_its_tag_is_one(branch: str, variant: str) -> None:
    tags = image_tags(("branch",), on(branch), COMMIT, variant=variant)
    assert len(tags) == 1
    assert TAG.fullmatch(tags[0])
