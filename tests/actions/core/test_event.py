from __future__ import annotations

import json
from pathlib import Path

import pytest

from ci_gen_actions.core.dialect import Event, detect

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "o/r",
}
PAGE = "https://github.example/o/r"


@pytest.mark.parametrize(
    ("environ", "event"),
    [
        ({}, Event()),
        (
            {**GITHUB, "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/a/b"},
            Event(branch="a/b", source_url=PAGE),
        ),
        (
            {**GITHUB, "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/tags/v1"},
            Event(tag="v1", source_url=PAGE),
        ),
        (
            {**GITHUB, "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/1/merge"},
            Event(unmerged=True, source_url=PAGE),
        ),
        (
            {**GITHUB, "GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/heads/main"},
            Event(branch="main", unmerged=True, source_url=PAGE),
        ),
        (
            {**GITHUB, "GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-x"},
            Event(branch="gh-x", unmerged=True, source_url=PAGE),
        ),
        (
            {
                "GITLAB_CI": "true",
                "CI_COMMIT_BRANCH": "main",
                "CI_DEFAULT_BRANCH": "main",
                "CI_PROJECT_URL": "https://g.example/o/r",
            },
            Event(branch="main", default_branch="main", source_url="https://g.example/o/r"),
        ),
        ({"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1"}, Event(tag="v1")),
        ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7"}, Event(unmerged=True)),
    ],
)
def test_what_a_run_is_for(environ: dict[str, str], event: Event) -> None:
    assert detect(environ).event == event


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (json.dumps({"repository": {"default_branch": "trunk"}}), "trunk"),
        (json.dumps({"repository": {"default_branch": 1}}), ""),
        (json.dumps([]), ""),
        ("{", ""),
    ],
)
def test_github_names_the_default_branch_in_the_payload(
    payload: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "event.json"
    path.write_text(payload)
    found = detect({**GITHUB, "GITHUB_EVENT_PATH": str(path)}).event
    assert found.default_branch == name
