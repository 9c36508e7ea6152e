from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_gen_actions.changes.options import Options
from ci_gen_actions.changes.plan import (
    Comparison,
    Unknown,
    comparison,
    decide,
    everything,
    fetchable,
    parse_areas,
)
from ci_gen_actions.core.errors import UsageError

A, B, ZERO = "a" * 40, "b" * 40, "0" * 40


def github(
    name: str, event: dict[str, Any] | None = None, ref: str = "", **options: Any
) -> Comparison | Unknown:
    environ = {"GITHUB_EVENT_NAME": name, "GITHUB_REF": ref}
    return comparison(Options(**options), "github", environ, event or {})


def gitlab(**environ: str) -> Comparison | Unknown:
    return comparison(Options(), "gitlab", environ, {})


PULL_REQUEST = {"pull_request": {"base": {"sha": A}, "head": {"sha": B}}}


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_pull_request_is_compared_with_its_base(name: str) -> None:
    got = github(name, PULL_REQUEST)
    assert got == Comparison(base=A, why="the base of the pull request", merged_head=B)


def test_a_merge_group_is_compared_with_its_base() -> None:
    got = github("merge_group", {"merge_group": {"base_sha": A}})
    assert got == Comparison(base=A, why="the base of the merge group")


def test_a_push_is_compared_with_what_was_before() -> None:
    got = github("push", {"before": A}, ref="refs/heads/main")
    assert got == Comparison(base=A, why="the commit before the push")


@pytest.mark.parametrize(
    ("name", "event", "ref", "why"),
    [
        ("push", {"before": ZERO}, "refs/heads/x", "does not exist: the branch is new"),
        ("push", {"before": A}, "refs/tags/v1", "a tag was pushed"),
        ("push", {}, "refs/heads/x", "is not in the event"),
        ("push", {"before": "main"}, "refs/heads/x", "is not in the event"),
        ("pull_request", {"pull_request": None}, "", "is not in the event"),
        ("pull_request", {"pull_request": {"base": []}}, "", "is not in the event"),
        ("workflow_dispatch", {}, "refs/heads/main", "the event workflow_dispatch compares"),
        ("schedule", {}, "refs/heads/main", "the event schedule compares"),
        ("", {}, "", "the event of this run compares with nothing"),
    ],
)
def test_what_github_cannot_compare(name: str, event: dict[str, Any], ref: str, why: str) -> None:
    got = github(name, event, ref)
    assert isinstance(got, Unknown)
    assert why in got.why


def test_gitlab_compares_merge_requests_and_pushes() -> None:
    request = gitlab(
        CI_PIPELINE_SOURCE="merge_request_event",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=A,
        CI_COMMIT_BEFORE_SHA=ZERO,
    )
    assert request == Comparison(base=A, why="the base of the merge request")
    push = gitlab(CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=B)
    assert push == Comparison(base=B, why="the commit before the push")


@pytest.mark.parametrize(
    "environ",
    [
        {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": ZERO},
        {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": A, "CI_COMMIT_TAG": "v1"},
        {"CI_PIPELINE_SOURCE": "web", "CI_COMMIT_BEFORE_SHA": A},
        {"CI_PIPELINE_SOURCE": "schedule"},
        {"CI_PIPELINE_SOURCE": "merge_request_event"},
        {},
    ],
)
def test_what_gitlab_cannot_compare(environ: dict[str, str]) -> None:
    assert isinstance(gitlab(**environ), Unknown)


def test_the_inputs_win_over_the_event() -> None:
    got = github("schedule", base="v1", head="v2")
    assert got == Comparison(base="v1", head="v2", why="the input base")
    headed = github("pull_request", PULL_REQUEST, head="v2")
    assert headed == Comparison(base=A, head="v2", why="the base of the pull request")


def test_a_terminal_needs_a_base() -> None:
    assert isinstance(comparison(Options(), "terminal", {}, {}), Unknown)


def test_only_a_whole_commit_id_is_asked_of_a_remote() -> None:
    assert fetchable(A)
    assert fetchable("f" * 64)
    assert not any(fetchable(text) for text in ("main", "--upload-pack=evil", A + "\n", A[:-1]))


def test_documentation_alone_affects_nothing() -> None:
    got = decide(["docs/a.md", "README.md"], ["docs/**", "*.md"], "the base")
    assert not got.code
    assert got.reason == "all 2 files that differ from the base cannot affect a build"
    assert decide(["docs/a"], ["docs/**"], "x").reason.startswith("the one file that differs")


def test_one_other_file_affects() -> None:
    got = decide(["docs/a.md", "src/a.c"], ["docs/**"], "the base")
    assert (got.code, got.relevant) == (True, ("src/a.c",))
    assert got.reason == "1 of 2 files that differ from the base can affect a build"


@given(st.lists(st.text(min_size=1)), st.lists(st.text()))
def test_false_needs_files_and_patterns(files: list[str], ignore: list[str]) -> None:
    got = decide(files, ignore, "x")
    if not got.code:
        assert files and ignore
        assert not got.relevant
    if not files or not ignore:
        assert got.code


AREAS = parse_areas(
    (
        "chat: config/chat.yaml",
        "search: config/search.yaml",
        "chat: tests/data/**",
        "search: tests/data/search.json",
    )
)
APART = ("docs/**", "config/*.yaml", "tests/data/**")


@pytest.mark.parametrize(
    ("files", "code", "areas"),
    [
        (["docs/a.md"], False, ()),
        (["config/chat.yaml"], False, ("chat",)),
        (["docs/a.md", "config/search.yaml"], False, ("search",)),
        (["tests/data/search.json"], False, ("chat", "search")),
        (["tests/data/chat.json"], False, ("chat",)),
        (["config/chat.yaml", "src/a.c"], True, ("chat", "search")),
        (["src/a.c"], True, ("chat", "search")),
        ([], True, ("chat", "search")),
    ],
)
def test_a_part_is_affected_by_its_own_files(
    files: list[str], code: bool, areas: tuple[str, ...]
) -> None:
    got = decide(files, APART, "the base", AREAS)
    assert (got.code, got.areas) == (code, areas)


def test_the_reason_names_the_parts() -> None:
    got = decide(["docs/a.md", "config/chat.yaml"], APART, "the base", AREAS)
    assert got.reason == (
        "all 2 files that differ from the base cannot affect a build, but can affect chat"
    )
    assert got.relevant == ("config/chat.yaml",)


def test_what_is_not_known_affects_all_parts() -> None:
    assert everything("a tag was pushed", AREAS).areas == ("chat", "search")


@pytest.mark.parametrize(
    "line", ["chat", "chat:", "chat:a", ": a", "a b: c", "-a: b", "a,b: c", "a: b\nc"]
)
def test_a_line_of_areas_is_a_name_and_a_pattern(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_areas([line])
    assert "areas" in str(caught.value)


@given(st.lists(st.sampled_from(["docs/a", "config/chat.yaml", "x.c", "tests/data/y"])))
def test_code_affects_all_parts(files: list[str]) -> None:
    got = decide(files, APART, "x", AREAS)
    if got.code:
        assert got.areas == tuple(AREAS)
    else:
        assert set(got.relevant) <= set(files)
        assert bool(got.areas) == bool(got.relevant)
