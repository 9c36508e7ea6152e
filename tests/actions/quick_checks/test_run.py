from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support.actions import ROOT, github_environment, read_evidence, run_composite
from tests.support.readme_examples import examples
from tests.support.repositories import Repository, make_repository

from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.github import GitHub
from ci_gen_actions.core.result import Result, Verdict
from ci_gen_actions.quick_checks.options import Options, Outputs
from ci_gen_actions.quick_checks.run import READ_BYTES, run
from ci_gen_actions.quick_checks.tree import entries

GOOD = {"a.py": "x = 1\n", "a.json": "{}", "docs/a.md": "Title\n=======\n"}


Found = list[tuple[str, str, int]]


def checked(repository: Repository, **options: Any) -> tuple[Result, Found, str]:
    log = io.BytesIO()
    ci = GitHub({"GITHUB_WORKSPACE": str(repository.path)}, log=log)
    result = run(Options(**options), ci)
    mistakes = result.evidence["findings"]["mistakes"]
    found = [(each["rule"], each["file"], each["line"]) for each in mistakes]
    return result, found, log.getvalue().decode()


def rules_of(repository: Repository, **options: Any) -> Found:
    return checked(repository, **options)[1]


def test_a_good_tree_passes(tmp_path: Path) -> None:
    result, found, _ = checked(make_repository(tmp_path / "r", GOOD))
    assert (result.verdict, found) == (Verdict.PASS, [])
    assert result.outputs == Outputs(verdict="PASS", files=3, findings=0)


def test_mistakes_are_annotated_with_their_place(tmp_path: Path) -> None:
    bad = {"b,c.py": "x = 1\ndef f(:\n", "b.json": "{"}
    result, found, log = checked(make_repository(tmp_path / "r", {**GOOD, **bad}))
    assert result.verdict is Verdict.FAIL
    assert found == [("python-syntax", "b,c.py", 2), ("json-syntax", "b.json", 1)]
    assert "::error file=b%2Cc.py,line=2::" in log
    assert "| `b.json:1` |" in result.summary


def test_untracked_and_excluded_files_are_not_looked_at(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {**GOOD, "bad/b.json": "{", "bad/c.json": "{"})
    (repository.path / "untracked.json").write_text("{")
    assert rules_of(repository, exclude=("bad/**", "!bad/c.json")) == [
        ("json-syntax", "bad/c.json", 1)
    ]


@pytest.mark.parametrize("options", [{"exclude": ("**",)}, {}])
def test_nothing_looked_at_is_no_data(tmp_path: Path, options: dict[str, Any]) -> None:
    result, _, log = checked(make_repository(tmp_path / "r", GOOD if options else {}), **options)
    assert result.verdict is Verdict.NO_DATA
    assert "::warning::no tracked file" in log


def test_outside_of_a_checkout_nothing_is_decided(tmp_path: Path) -> None:
    with pytest.raises(CannotDecide, match="git ls-files ended with exit status 128"):
        checked(Repository(tmp_path))


def test_a_large_file_is_found_and_not_read(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "x"})
    with (repository.path / "big.json").open("wb") as file:
        file.truncate(READ_BYTES + 1)
    repository.git("add", "--all")
    assert rules_of(repository, max_file_kib=8000) == [("oversized-file", "big.json", 0)]
    assert rules_of(repository, max_file_kib=0) == []


def test_broken_links(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "x", "d/b": "y"})
    links = {
        "good": "a",
        "folder": "d",
        "bad": "none",
        "d/up": "../a",
        "loop": "loop",
        "d/bad": "x",
    }
    for name, target in links.items():
        (repository.path / name).symlink_to(target)
    (repository.path / os.fsdecode(b"\xff")).symlink_to(os.fsdecode(b"\xfe"))
    repository.commit()
    found = {(rule, file) for rule, file, _ in rules_of(repository)}
    assert found == {("broken-link", name) for name in ("bad", "loop", "d/bad", "\\xff")}


def test_submodules(tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other", {"x": "{"})
    repository = make_repository(tmp_path / "r", {"a": "x"})
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "m")
    repository.git(*add)
    (repository.path / "into").symlink_to("m/not/there")
    repository.commit()
    assert rules_of(repository) == []
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{other.head},stray")
    assert rules_of(repository) == [("submodule", "stray", 0)]


def test_a_submodule_without_any_gitmodules(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "x"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{repository.head},stray")
    assert rules_of(repository) == [("submodule", "stray", 0)]


def test_an_unfinished_merge(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1\n"})
    repository.branch("topic")
    repository.commit({"a": "2\n"})
    repository.checkout("main")
    repository.commit({"a": "3\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "topic")
    assert rules_of(repository) == [("unmerged", "a", 0), ("conflict-marker", "a", 1)]


def test_files_that_are_not_checked_out_are_left_alone(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.json": "{", "b.json": "{", "l": "x"})
    (repository.path / "a.json").unlink()
    (repository.path / "b.json").unlink()
    (repository.path / "b.json").mkdir()
    blob = repository.git("rev-parse", "HEAD:l")
    repository.git("update-index", "--cacheinfo", f"120000,{blob},l")
    assert rules_of(repository) == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a": "1\n"})
    (repository.path / "a").chmod(0)
    assert rules_of(repository) == [("unreadable", "a", 0)]


def test_a_hostile_file_name_stays_a_name(tmp_path: Path) -> None:
    name = "a\n::error::x`|<b>.json"
    repository = make_repository(tmp_path / "r", {name: "{"})
    result, found, log = checked(repository)
    assert found == [("json-syntax", name, 1)]
    assert [line for line in log.splitlines() if line.startswith("::error::x")] == []
    assert len(result.summary.splitlines()) == 7


def test_the_index_is_read_with_any_name() -> None:
    listing = b"100644 " + b"a" * 40 + b" 0\ta\tb\nc\0" + b"100644 " + b"b" * 40 + b" 2\td\0"
    assert [(each.path, each.stage) for each in entries(listing)] == [("a\tb\nc", 0), ("d", 2)]


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    repository = make_repository(
        tmp_path / "r", {**GOOD, "tests/broken/a.json": "{", "bad.json": "{"}
    )
    (example,) = examples(ROOT / "actions" / "quick-checks" / "README.md")
    ((manifest, inputs),) = example.own_steps()
    environ = github_environment(tmp_path / "step", repository.path, GITHUB_SHA=repository.head)
    ended = run_composite(manifest, inputs, repository.path, environ)
    assert ended.code == 1
    assert ended.outputs == {"verdict": "FAIL", "files": "4", "findings": "1"}
    assert "::error file=bad.json,line=1::" in ended.stderr
    assert read_evidence(repository.path, "quick-checks")["verdict"] == "FAIL"
    (repository.path / "bad.json").write_text("{}")
    assert run_composite(manifest, inputs, repository.path, environ).code == 0
