from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support.actions import (
    ROOT,
    bare_environment,
    github_environment,
    read_evidence,
    run_action,
    run_composite,
)
from tests.support.readme_examples import examples
from tests.support.repositories import Repository, make_repository

from ci_gen_actions.changes.options import Options, Outputs
from ci_gen_actions.changes.run import changed_files, run
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.gitlab import GitLab
from ci_gen_actions.core.result import Result, Verdict

FILES = {"src/a.c": "int a;\n", "docs/a.md": "a\n", "README.md": "r\n"}
DOCS = ("docs/**", "**/*.md")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "repository", FILES)


def on_github(
    folder: Path, name: str, event: dict[str, Any], ref: str = "refs/heads/main", **options: Any
) -> tuple[Result, Outputs, str]:
    """Run in `folder` as GitHub would for that event."""
    payload = folder.parent / "event.json"
    payload.write_text(json.dumps(event))
    environ = {
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_EVENT_NAME": name,
        "GITHUB_REF": ref,
    }
    log = io.BytesIO()
    result = run(Options(**{"ignore": DOCS, **options}), GitHub(environ, log=log))
    assert isinstance(result.outputs, Outputs)
    assert result.verdict is Verdict.PASS
    return result, result.outputs, log.getvalue().decode()


def pushed(repository: Repository, before: str, **options: Any) -> Outputs:
    return on_github(repository.path, "push", {"before": before}, **options)[1]


def test_documentation_alone_is_no_code(repository: Repository) -> None:
    before = repository.head
    repository.commit({"docs/a.md": "b\n", "README.md": "s\n"})
    result, outputs, _ = on_github(repository.path, "push", {"before": before})
    assert (outputs.code, outputs.files) == (False, 2)
    assert result.evidence["inputs"] == {"base": before, "head": repository.head}
    assert "Builds and tests are not needed" in result.summary
    assert "`docs/a.md`" in result.summary


def test_a_source_file_is_code(repository: Repository) -> None:
    before = repository.head
    repository.commit({"docs/a.md": "b\n", "src/a.c": "int b;\n"})
    outputs = pushed(repository, before)
    assert (outputs.code, outputs.files) == (True, 2)
    assert outputs.reason == (
        "1 of 2 files that differ from the commit before the push can affect a build"
    )


def test_a_rename_counts_with_both_names(repository: Repository) -> None:
    before = repository.head
    repository.git("mv", "src/a.c", "docs/a.c")
    repository.commit()
    assert changed_files(repository.path, before, repository.head) == ["docs/a.c", "src/a.c"]
    assert pushed(repository, before).code


def test_a_rename_counts_with_both_names_whatever_git_is_told(repository: Repository) -> None:
    before = repository.head
    repository.git("config", "diff.renames", "copies")
    repository.git("mv", "docs/a.md", "src/a.md2")
    repository.commit()
    assert pushed(repository, before).files == 2


def test_a_deletion_counts(repository: Repository) -> None:
    before = repository.head
    repository.commit({"src/a.c": None})
    assert pushed(repository, before).code


def test_a_change_of_mode_counts(repository: Repository) -> None:
    before = repository.head
    (repository.path / "src" / "a.c").chmod(0o755)
    repository.commit()
    assert pushed(repository, before).code


def test_a_submodule_bump_counts_even_where_gitmodules_hides_it(
    repository: Repository, tmp_path: Path
) -> None:
    other = make_repository(tmp_path / "other", {"x": "1\n"})
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "m")
    repository.git(*add)
    repository.git("config", "--file", ".gitmodules", "submodule.m.ignore", "all")
    before = repository.commit()
    commit = other.commit({"x": "2\n"})
    repository.git("update-index", "--cacheinfo", f"160000,{commit},m")
    repository.ticks += 1
    repository.git("commit", "--quiet", "--message", "Bump")
    outputs = pushed(repository, before)
    assert (outputs.code, outputs.files) == (True, 1)


@pytest.mark.parametrize(
    "name",
    [
        b"src/a b.c",
        b"src/\xc3\xa9.c",
        b"src/\xff\xfe.c",
        b"src/a\nb.c",
        b'src/"q".c',
        b"-x",
        b"src/:x",
    ],
)
def test_strange_names(repository: Repository, name: bytes) -> None:
    before = repository.head
    (repository.path / os.fsdecode(name)).touch()
    repository.commit()
    result, outputs, log = on_github(repository.path, "push", {"before": before})
    assert (outputs.code, outputs.files) == (True, 1)
    assert changed_files(repository.path, before, repository.head) == [os.fsdecode(name)]
    json.dumps(result.evidence).encode()
    result.summary.encode()
    assert "\n::" not in log


def test_an_empty_commit_runs_everything(repository: Repository) -> None:
    before = repository.head
    repository.commit()
    outputs = pushed(repository, before)
    assert (outputs.code, outputs.files) == (True, 0)


def test_the_test_merge_of_a_pull_request_is_compared_with_its_first_parent(
    repository: Repository, tmp_path: Path
) -> None:
    old_base = repository.head
    repository.branch("topic")
    head = repository.commit({"docs/new.md": "n\n"})
    repository.checkout("main")
    base = repository.commit({"src/other.c": "int o;\n"})
    merge = repository.merge("main", "topic")
    event = {"pull_request": {"base": {"sha": old_base}, "head": {"sha": head}}}
    result, outputs, _ = on_github(repository.path, "pull_request", event)
    assert (outputs.code, outputs.files) == (False, 1)
    assert result.evidence["inputs"] == {"base": base, "head": merge}


def test_a_shallow_checkout_of_depth_two_is_enough_for_a_pull_request(
    repository: Repository, tmp_path: Path
) -> None:
    repository.branch("topic")
    head = repository.commit({"docs/new.md": "n\n"})
    repository.checkout("main")
    base = repository.commit({"src/other.c": "int o;\n"})
    merge = repository.merge("main", "topic")
    repository.git("branch", "merge", merge)
    clone = shallow(repository, tmp_path / "clone", "merge", depth=2)
    clone.git("remote", "remove", "origin")
    event = {"pull_request": {"base": {"sha": base}, "head": {"sha": head}}}
    _, outputs, _ = on_github(clone.path, "pull_request", event)
    assert (outputs.code, outputs.files) == (False, 1)


def shallow(repository: Repository, folder: Path, branch: str, depth: int = 1) -> Repository:
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    url = f"file://{repository.path}"
    words = ("clone", "--quiet", "--depth", str(depth), "--branch", branch, url, str(folder))
    repository.git(*words)
    return Repository(folder)


def test_a_base_that_a_shallow_checkout_lacks_is_fetched_alone(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"src/old.c": "int o;\n"})
    before = repository.commit({"src/b.c": "int b;\n"})
    repository.commit({"docs/a.md": "b\n"})
    clone = shallow(repository, tmp_path / "clone", "main")
    outputs = pushed(clone, before)
    assert (outputs.code, outputs.files) == (False, 1)
    assert clone.git("rev-list", "--count", "--all") == "1"


def test_a_fetch_does_not_cut_the_history_of_a_whole_checkout(
    repository: Repository, tmp_path: Path
) -> None:
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", f"file://{repository.path}", str(clone))
    repository.branch("elsewhere")
    before = repository.commit({"docs/a.md": "b\n"})
    outputs = pushed(Repository(clone), before)
    assert (outputs.code, outputs.files) == (False, 1)
    assert Repository(clone).git("rev-parse", "--is-shallow-repository") == "false"


def test_a_base_that_nobody_has_runs_everything_and_says_so(repository: Repository) -> None:
    repository.git("remote", "add", "origin", "file:///nowhere")
    repository.commit({"docs/a.md": "b\n"})
    _, outputs, log = on_github(repository.path, "push", {"before": "f" * 40})
    assert outputs.code
    assert "could not be fetched" in outputs.reason
    assert "::warning::" in log


@pytest.mark.parametrize("base", ["no-such-branch", "--output=evil", "HEAD:README.md"])
def test_a_base_that_is_no_commit_runs_everything(repository: Repository, base: str) -> None:
    repository.commit({"docs/a.md": "b\n"})
    outputs = pushed(repository, "", base=base)
    assert outputs.code
    assert "is not in this checkout" in outputs.reason
    assert not (repository.path / "evil").exists()


def test_a_head_that_is_no_commit_runs_everything(repository: Repository) -> None:
    assert pushed(repository, "", base="HEAD", head="nope").code


def test_a_named_base_is_compared(repository: Repository) -> None:
    repository.git("tag", "v1")
    repository.commit({"docs/a.md": "b\n"})
    assert not pushed(repository, "", base="v1").code


def test_outside_of_a_checkout_everything_runs(tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    _, outputs, _ = on_github(folder, "push", {"before": "a" * 40})
    assert outputs.code


def test_without_git_everything_runs(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    before = repository.path  # a commit id is not needed: git cannot be started
    _, outputs, log = on_github(before, "push", {"before": "a" * 40})
    assert outputs.code
    assert "git cannot be started" in log


def test_a_difference_that_git_cannot_make_runs_everything(repository: Repository) -> None:
    before = repository.head
    after = repository.commit({"docs/a.md": "b\n"})
    tree = repository.git("rev-parse", f"{before}^{{tree}}")
    blob = repository.path / ".git" / "objects" / tree[:2] / tree[2:]
    blob.chmod(0o644)
    blob.write_bytes(b"broken")
    assert after == repository.head
    outputs = pushed(repository, before)
    assert outputs.code


@pytest.mark.parametrize("payload", ["", "{", "[]", "null"])
def test_an_event_that_cannot_be_read_runs_everything(
    repository: Repository, payload: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.json"
    file.write_text(payload)
    environ = {
        "GITHUB_WORKSPACE": str(repository.path),
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_EVENT_NAME": "push",
    }
    for path in (str(file), str(tmp_path / "none")):
        ci = GitHub({**environ, "GITHUB_EVENT_PATH": path}, log=io.BytesIO())
        result = run(Options(ignore=DOCS), ci)
        assert isinstance(result.outputs, Outputs)
        assert result.outputs.code


def test_on_gitlab(repository: Repository) -> None:
    before = repository.head
    repository.commit({"docs/a.md": "b\n"})
    environ = {
        "CI_PROJECT_DIR": str(repository.path),
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": before,
    }
    result = run(Options(ignore=DOCS), GitLab(environ, log=io.BytesIO()))
    assert isinstance(result.outputs, Outputs)
    assert not result.outputs.code


def test_git_variables_of_a_hook_do_not_mislead(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = repository.head
    repository.commit({"docs/a.md": "b\n"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    environ = {"CI_PROJECT_DIR": str(repository.path)}
    result = run(Options(ignore=DOCS, base=before), GitLab(environ, log=io.BytesIO()))
    assert isinstance(result.outputs, Outputs)
    assert not result.outputs.code


def test_a_model_alone_affects_its_part_alone(repository: Repository) -> None:
    parts = {"areas": ("chat: config/chat.yaml", "search: config/search.yaml")}
    before = repository.commit({"config/chat.yaml": "1\n", "config/search.yaml": "1\n"})
    repository.commit({"config/chat.yaml": "2\n", "docs/a.md": "b\n"})
    event = {"before": before}
    result, outputs, _ = on_github(
        repository.path, "push", event, ignore=(*DOCS, "config/*"), **parts
    )
    assert (outputs.code, outputs.areas) == (False, ",chat,")
    assert "Only what concerns chat runs" in result.summary
    assert "`config/chat.yaml`" in result.summary
    assert result.evidence["findings"]["areas"] == ["chat"]
    everything = pushed(repository, before, **parts)
    assert (everything.code, everything.areas) == (True, ",chat,search,")


# The whole action -------------------------------------------------------------------------------


def test_the_readmes_example_runs(repository: Repository, tmp_path: Path) -> None:
    before = repository.head
    repository.commit({"docs/a.md": "b\n", "x/y.md": "\n"})
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"before": before}))
    environ = github_environment(
        tmp_path / "step",
        repository.path,
        GITHUB_EVENT_PATH=str(event),
        GITHUB_EVENT_NAME="push",
        GITHUB_SHA=repository.head,
    )
    (example,) = examples(ROOT / "actions" / "changes" / "README.md")
    ((manifest, inputs),) = example.own_steps()
    ended = run_composite(manifest, inputs, repository.path, environ)
    assert (ended.code, ended.stdout) == (0, "")
    assert ended.outputs["code"] == "false"
    assert ended.outputs["files"] == "2"
    assert "not needed" in ended.summary
    assert read_evidence(repository.path, "changes")["verdict"] == "PASS"


def test_from_a_laptop(repository: Repository) -> None:
    repository.commit({"docs/a.md": "b\n"})
    flags = ["--base", "HEAD~1", "--ignore", "docs/**"]
    ended = run_action("changes", repository.path, bare_environment(), flags)
    assert ended.code == 0
    assert json.loads(ended.stdout)["code"] == "false"
