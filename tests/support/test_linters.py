"""The linters find a fault of each kind, name its place, and can be told to accept it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import lint_tools
from tests.support.linters import allowances, lint, report, unexplained

WORKFLOW = """\
name: CI
on: push
permissions: {}
concurrency: {group: "ci-${{ github.ref }}", cancel-in-progress: true}
jobs:
  one:
    name: one
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - name: Say
        run: |
          echo hello
          LINE
"""
GITLAB = """\
stages: [test]
include:
  - local: .gitlab/base.yml
one:
  stage: test
  script:
    - echo hello
    - LINE
"""
BASE = """\
default:
  before_script:
    - greeting=hello
.shared:
  script: ['echo "$greeting"']
"""
ACTION = """\
name: An action
description: Does little
runs:
  using: composite
  steps:
    - shell: bash
      run: LINE
"""


def tree(
    workflow: str = "echo so",
    gitlab: str = 'echo "$greeting"',
    action: str = "echo so",
    base: str = BASE,
) -> dict[str, str]:
    return {
        ".github/workflows/ci.yml": WORKFLOW.replace("LINE", workflow),
        ".gitlab-ci.yml": GITLAB.replace("LINE", gitlab),
        ".gitlab/base.yml": base,
        "actions/one/action.yml": ACTION.replace("LINE", action),
    }


def found(files: dict[str, str]) -> list[tuple[str, str, int, str]]:
    return [(each.tool, each.file, each.line, each.rule) for each in lint({"t": files})]


def test_nothing_is_said_of_what_is_right() -> None:
    assert lint({"t": tree(), "u": tree(gitlab='echo "${greeting}"')}) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (tree(workflow="echo $HOME"), ("shellcheck", ".github/workflows/ci.yml", 14, "SC2086")),
        (tree(action="echo $HOME"), ("shellcheck", "actions/one/action.yml", 7, "SC2086")),
        (tree(gitlab='echo $HOME "$greeting"'), ("shellcheck", ".gitlab-ci.yml", 8, "SC2086")),
        (tree(gitlab="!reference [.shared, script]"), None),
        (
            tree(workflow='echo "${{ github.head_ref }}"'),
            ("zizmor", ".github/workflows/ci.yml", 14, "template-injection"),
        ),
        (
            {"x/action.yml": ACTION.replace("composite", "nothing")},
            ("check-jsonschema", "x/action.yml", 4, "vendor.github-actions/oneOf"),
        ),
        (
            {"docker/x.Dockerfile": "FROM debian:12\nENTRYPOINT server\n"},
            ("hadolint", "docker/x.Dockerfile", 2, "DL3025"),
        ),
        ({"docker/x.sh": "#!/bin/bash\necho $1\n"}, ("shellcheck", "docker/x.sh", 2, "SC2086")),
        ({".gitlab-ci.yml": "one: [\n"}, ("yaml", ".gitlab-ci.yml", 2, "syntax")),
        (
            {".github/dependabot.yml": "version: 3\nupdates: []\n"},
            ("check-jsonschema", ".github/dependabot.yml", 1, "vendor.dependabot/const"),
        ),
        (
            {".github/workflows/x.yml": WORKFLOW.replace("LINE", "echo so").replace("24.04", "4")},
            ("actionlint", ".github/workflows/x.yml", 8, "runner-label"),
        ),
        (
            tree(workflow="echo so # zizmor: ignore[template-injection]"),
            ("suppression", ".github/workflows/ci.yml", 14, "zizmor/template-injection"),
        ),
    ],
)
def test_each_fault_is_found_at_its_line(
    files: dict[str, str], expected: tuple[str, str, int, str] | None
) -> None:
    seen = found(files)
    assert expected in seen if expected else seen == [], seen


def test_a_script_is_judged_with_what_runs_before_it() -> None:
    """`greeting` is set in another file's before_script, which the same shell runs."""
    assert found(tree(gitlab='echo "$greeting"')) == []
    without = BASE.replace("    - greeting=hello\n", "    - echo so\n")
    assert {rule for *_, rule in found(tree(gitlab='echo "$greeting"', base=without))} == {"SC2154"}


def test_equal_files_are_reported_for_every_tree() -> None:
    files = tree(gitlab='echo $HOME "$greeting"')
    assert {each.tree for each in lint({"a": files, "b": files, "c": tree()})} == {"a", "b"}


def test_a_label_that_the_tree_declares_is_known() -> None:
    files = {
        ".github/workflows/ci.yml": WORKFLOW.replace("LINE", "echo so").replace(
            "ubuntu-24.04", "gpu-box"
        )
    }
    assert ("actionlint", ".github/workflows/ci.yml", 8, "runner-label") in found(files)
    declared = {".github/actionlint.yaml": "self-hosted-runner: {labels: [gpu-box]}\n"}
    assert found({**files, **declared}) == []


def test_an_allowance_covers_its_rule_in_its_files_only(tmp_path: Path) -> None:
    allow = tmp_path / "allow.yaml"
    allow.write_text(
        "- {tool: shellcheck, rule: SC20*, where: '.gitlab*', message: quote,"
        " why: it is only a test of the allow-list}\n"
    )
    findings = lint({"t": tree(gitlab='echo $HOME "$greeting"', action="echo $HOME")})
    left = unexplained(findings, allowances(allow))
    assert [each.file for each in left] == ["actions/one/action.yml"]
    assert "actions/one/action.yml:7: shellcheck [SC2086]" in report(left)


def test_an_allowance_without_a_reason_is_refused(tmp_path: Path) -> None:
    allow = tmp_path / "allow.yaml"
    allow.write_text("- {tool: zizmor, rule: x, where: '*', why: because}\n")
    with pytest.raises(ValueError, match="reason"):
        allowances(allow)


def test_a_missing_linter_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(lint_tools.MissingToolError, match="actionlint"):
        lint({"t": tree()})
