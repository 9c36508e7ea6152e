"""Two branches that both regenerated, merged by the real git."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.generator.write.repo import git, put, rendering, run, statuses, tree

from ci_gen.write.assess import assess, read_lock
from ci_gen.write.drift import report
from ci_gen.write.generate import generate
from ci_gen.write.root import LOCK

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
]

CI, DOCS = "ci.yml", "docs/pipeline.md"


def texts(config: dict[str, str]) -> dict[str, str]:
    """A generator: every key makes a job in one file, a line in another, and a file of its own."""
    jobs = "".join(f"  {key}:\n    runs: {value}\n    on: all\n\n" for key, value in config.items())
    return {
        CI: f"name: ci\n\njobs:\n{jobs}",
        DOCS: "# Jobs\n\n" + "".join(f"- {key}: {value}\n" for key, value in config.items()),
        **{f"jobs/{key}.yml": f"{key}: {value}\n" for key, value in config.items()},
    }


def config_of(text: str) -> dict[str, str]:
    return dict(line.split(": ") for line in text.splitlines() if line)


def regenerate(root: Path):  # type: ignore[no-untyped-def]
    """Render from the config as it lies in the repository, like the command does."""
    config = (root / "ci-gen.yaml").read_text()
    rendered = rendering(texts(config_of(config)), config=config)
    return generate(str(root), lambda: rendered), rendered


def branch(root: Path, name: str, config: dict[str, str]) -> None:
    git(root, "checkout", "-q", "-b", name, "main")
    commit_config(root, config)


def commit_config(root: Path, config: dict[str, str]) -> None:
    # One key a line with an empty line between, as people write sections.
    put(root, "ci-gen.yaml", "\n\n".join(f"{k}: {v}" for k, v in sorted(config.items())) + "\n")
    regenerate(root)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "config", "--allow-empty")


def start(root: Path, config: dict[str, str]) -> None:
    root.mkdir(exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    commit_config(root, config)


def settle(root: Path) -> str:
    """Finish a merge: the config by hand where it must be, the rest by one generate."""
    check = regenerate_status(root)
    done, rendered = regenerate(root)
    assert done.exit_status == 0, statuses(done)
    assert report(assess(str(root), rendered)).to_json()["status"] == "clean"
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "merged", "--allow-empty")
    return check


def regenerate_status(root: Path) -> str:
    config = (root / "ci-gen.yaml").read_text()
    found = report(assess(str(root), rendering(texts(config_of(config)), config=config)))
    return next((one.status for one in found.findings if one.path == LOCK), "fine")


def test_two_branches_that_touch_different_files_are_joined(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    start(root, {"a": "1", "b": "1", "c": "1"})
    branch(root, "one", {"a": "2", "b": "1", "c": "1"})
    branch(root, "two", {"a": "1", "b": "1", "c": "2"})
    merged = git(root, "merge", "-q", "one", check=False)
    assert "conflict in ci" not in merged.stdout, merged.stdout
    settle(root)
    assert {path: (root / path).read_text() for path in texts({})} == {
        path: text
        for path, text in texts({"a": "2", "b": "1", "c": "2"}).items()
        if path in texts({})
    }


def test_a_lock_with_markers_is_said_by_check(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    start(root, {"a": "1"})
    branch(root, "one", {"a": "1", "b": "1"})
    branch(root, "two", {"a": "1", "c": "1"})
    git(root, "merge", "-q", "one", check=False)
    assert "<<<<<<<" in (root / LOCK).read_text()
    put(root, "ci-gen.yaml", "a: 1\n\nb: 1\n\nc: 1\n")
    lock = read_lock(str(root))
    assert lock
    assert lock.theirs
    assert settle(root) == "conflict-markers"
    assert "<<<<<<<" not in (root / LOCK).read_text()


def test_a_hand_edit_of_either_branch_survives(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    config = {"a": "1", "b": "1", "c": "1", "d": "1"}
    start(root, config)
    for name, key, job in (("one", "a", "b"), ("two", "d", "c")):
        branch(root, name, {**config, key: "2"})
        edited = (root / CI).read_text().replace(f"  {job}:\n", f"  {job}:\n    mine: {name}\n")
        put(root, CI, edited)
        commit_config(root, {**config, key: "2"})
    git(root, "merge", "-q", "one", check=False)
    settle(root)
    text = (root / CI).read_text()
    assert "  b:\n    mine: one\n" in text
    assert "  c:\n    mine: two\n" in text
    assert text.count("runs: 2") == 2


def test_edits_that_contradict_each_other_are_left_to_a_person(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    config = {"a": "1", "b": "1"}
    start(root, config)
    for name in ("one", "two"):
        branch(root, name, config)
        put(root, CI, (root / CI).read_text().replace("name: ci", f"name: {name}"))
        commit_config(root, config)
    git(root, "merge", "-q", "one", check=False)
    before = (root / CI).read_bytes()
    done, _ = regenerate(root)
    assert statuses(done)[CI] == "conflict"
    assert (root / CI).read_bytes() == before
    assert (root / ".ci-gen/conflicts" / CI).read_text() == texts(config)[CI]


def test_facts_that_differ_are_those_of_our_side(tmp_path: Path) -> None:
    """Facts are frozen: generate does not look again, and says whose it took."""
    root = tmp_path / "repo"
    start(root, {"a": "1"})
    for name in ("one", "two"):
        git(root, "checkout", "-q", "-b", name, "main")
        rendered = rendering(texts({"a": "1"}), config="x", facts={"name": name})
        generate(str(root), lambda rendered=rendered: rendered)
        git(root, "commit", "-q", "-a", "-m", name)
    git(root, "merge", "-q", "one", check=False)
    lock = read_lock(str(root))
    assert lock
    assert lock.facts == {"name": "two"}
    rendered = rendering(texts({"a": "1"}), config="x", facts=lock.facts)
    done = generate(str(root), lambda: rendered)
    assert any("froze different facts" in note for note in done.notes)
    assert read_lock(str(root)) == assess(str(root), rendered).lock


def test_an_edit_that_the_new_text_contradicts_on_one_branch(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    config = {"a": "1", "b": "1"}
    start(root, config)
    branch(root, "one", {"a": "2", "b": "1"})
    branch(root, "two", config)
    put(root, CI, (root / CI).read_text().replace("runs: 1\n    on: all\n\n  b", "mine\n\n  b"))
    commit_config(root, {"a": "1", "b": "1", "c": "1"})
    git(root, "merge", "-q", "one", check=False)
    put(root, "ci-gen.yaml", "a: 3\nb: 1\nc: 1\n")
    before = (root / CI).read_bytes()
    done, _ = regenerate(root)
    assert statuses(done)[CI] == "conflict"
    assert (root / CI).read_bytes() == before


keys = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("12"), min_size=1)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(keys, keys, keys, st.sampled_from(["merge", "diff3"]))
def test_any_two_branches_end_as_if_generated_anew(
    memory: Path,
    base: dict[str, str],
    one: dict[str, str],
    two: dict[str, str],
    style: str,
) -> None:
    """Without hand edits nothing but the config can need a person."""
    folder = Path(tempfile.mkdtemp(dir=memory))
    root = folder / "repo"
    start(root, base)
    git(root, "config", "merge.conflictStyle", style)
    branch(root, "one", one)
    branch(root, "two", two)
    git(root, "merge", "-q", "one", check=False)
    joined = {**one, **two}
    put(root, "ci-gen.yaml", "".join(f"{key}: {value}\n" for key, value in joined.items()))
    settle(root)
    fresh = folder / "fresh"
    put(fresh, "ci-gen.yaml", (root / "ci-gen.yaml").read_bytes())
    run(fresh, texts(joined), config=(root / "ci-gen.yaml").read_text())
    assert tree(root) == tree(fresh)
    shutil.rmtree(folder)
