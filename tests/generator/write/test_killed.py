"""kill -9 at every step of a run: each file is old or new, and the next run repairs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.generator.write.dying import killed_at
from tests.generator.write.repo import BOT, CI, DOCS, TEXTS, put, rendering, run, statuses, tree

from ci_gen.write.assess import assess
from ci_gen.write.drift import report
from ci_gen.write.generate import generate

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL"),
]

EXTRA = ".gitlab/ci-gen/build.yml"
FOREIGN = ".github/CODEOWNERS"
OLD = {**TEXTS, ".gitlab-ci.yml": "stages: []\n"}
# One of each: updated, merged with a hand edit, created in a new folder, removed with its
# folder, unchanged, and one that is not ci-gen's.
NEW = {
    CI: OLD[CI].replace("build:\n    runs-on: one", "build:\n    runs-on: two"),
    BOT: "version: 3\n",
    EXTRA: "build: {}\n",
    ".gitlab-ci.yml": OLD[".gitlab-ci.yml"],
    FOREIGN: "* @us\n",
}
EDITED = OLD[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: mine")


def before(root: Path) -> None:
    """A repository that was generated, then edited by hand."""
    run(root, OLD)
    put(root, CI, EDITED)
    run(root, OLD)
    put(root, FOREIGN, "* @them\n")


def users(files: dict[str, bytes]) -> dict[str, bytes]:
    """Without ci-gen's own records and unfinished files."""
    return {
        path: data
        for path, data in files.items()
        if not path.startswith(".ci-gen/") and ".ci-gen-tmp-" not in path
    }


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("start")
    before(root)
    return root


@pytest.fixture(scope="module")
def finish(tmp_path_factory: pytest.TempPathFactory, start: Path) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("finish") / "repo"
    shutil.copytree(start, root)
    run(root, NEW, config="b")
    return tree(root)


def at_every_step(
    start: Path,
    memory: Path,
    texts: dict[str, str],
    judge: Callable[[Path, int], None],
    stride: int = 1,
) -> int:
    """Kill a run at its first step, its second, and so on, until one completes."""
    step = 1 - stride
    while True:
        step += stride
        root = memory / str(step)
        shutil.copytree(start, root)
        killed = killed_at(step, lambda root=root: run(root, texts, config="b"))  # type: ignore[misc]
        judge(root, step)
        shutil.rmtree(root)
        if not killed:
            return step


def test_every_file_is_old_or_new_and_the_next_run_repairs(
    start: Path, finish: dict[str, bytes], memory: Path
) -> None:
    old, new = users(tree(start)), users(finish)
    reported = 0

    def judge(root: Path, step: int) -> None:
        nonlocal reported
        now = users(tree(root))
        for path in {*old, *new}:
            assert now.get(path) in (old.get(path), new.get(path)), (step, path)
        assert set(now) <= {*old, *new}
        pending = (root / ".ci-gen/pending.json").exists()
        found = report(assess(str(root), rendering(NEW, config="b")))
        assert ("interrupted" in [one.status for one in found.findings]) == pending
        done = run(root, NEW, config="b")
        assert any("interrupted" in note for note in done.notes) == pending
        reported += pending
        assert tree(root) == finish, step
        assert not run(root, NEW, config="b").changed

    steps = at_every_step(start, memory, NEW, judge)
    # A journal, six files, four base texts, the lock: each is opened, written, closed, synced
    # and renamed.
    assert steps > 60
    assert reported > 40


def test_a_killed_run_followed_by_another_config_loses_no_hand_edit(
    start: Path, memory: Path
) -> None:
    """The run that repairs may render other texts than the one that was killed."""
    later = {
        **NEW,
        CI: OLD[CI].replace("build:\n    runs-on: one", "build:\n    runs-on: three"),
        DOCS: "# Again\n",
    }
    wanted = later[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: mine")

    def judge(root: Path, step: int) -> None:
        done = run(root, later, config="c")
        assert (root / CI).read_text() == wanted, step
        assert (root / DOCS).read_text() == "# Again\n", step
        assert (root / FOREIGN).read_text() == "* @them\n", step
        assert statuses(done)[FOREIGN] == "foreign"
        assert set(statuses(run(root, later, config="c")).values()) == {"unchanged", "foreign"}

    assert at_every_step(start, memory, NEW, judge, 2) > 60


def test_killed_twice_it_still_repairs(start: Path, finish: dict[str, bytes], memory: Path) -> None:
    step = 0
    while True:
        step += 7
        root = memory / str(step)
        shutil.copytree(start, root)
        first = killed_at(step, lambda root=root: run(root, NEW, config="b"))  # type: ignore[misc]
        second = 0
        while first and killed_at(
            second := second + 11,
            lambda root=root: run(root, NEW, config="b"),  # type: ignore[misc]
        ):
            pass
        run(root, NEW, config="b")
        assert tree(root) == finish, step
        if not first:
            return


def test_a_first_run_that_was_killed_is_not_taken_for_foreign_files(memory: Path) -> None:
    start = memory / "start"
    start.mkdir()

    def judge(root: Path, step: int) -> None:
        assert not run(root, TEXTS, config="b").exit_status, step
        assert {path: (root / path).read_text() for path in TEXTS} == TEXTS

    assert at_every_step(start, memory, TEXTS, judge, 2) > 30


def test_forcing_that_was_killed_does_not_adopt_the_file(start: Path, memory: Path) -> None:
    """A run that was to overwrite a foreign file is killed; the next one has no --force."""
    step = 0
    while True:
        step += 2
        root = memory / str(step)
        shutil.copytree(start, root)
        killed = killed_at(
            step,
            lambda root=root: run(root, NEW, config="b", force=(FOREIGN,)),  # type: ignore[misc]
        )
        before = (root / FOREIGN).read_text()
        done = run(root, NEW, config="b")
        assert (root / FOREIGN).read_text() == before
        mine = before == "* @them\n"
        assert (statuses(done)[FOREIGN] == "foreign") == mine
        if not mine:
            backups = (root / ".ci-gen/backup").rglob("*")
            assert any(path.is_file() and path.read_text() == "* @them\n" for path in backups)
        shutil.rmtree(root)
        if not killed:
            return


def test_an_edit_made_after_the_kill_survives(start: Path, memory: Path) -> None:
    def judge(root: Path, step: int) -> None:
        edited = (root / CI).read_text() + "# later\n"
        put(root, CI, edited)
        run(root, NEW, config="b")
        wanted = NEW[CI].replace("test:\n    runs-on: one", "test:\n    runs-on: mine")
        assert (root / CI).read_text() == f"{wanted}# later\n", step

    assert at_every_step(start, memory, NEW, judge, 3) > 60


def test_a_journal_that_tells_nothing_is_removed(start: Path, memory: Path) -> None:
    root = memory / "repo"
    shutil.copytree(start, root)
    put(root, ".ci-gen/pending.json", "{")
    assert "interrupted" in run(root, OLD).notes[0]
    assert not (root / ".ci-gen/pending.json").exists()


STRACE = shutil.which("strace")


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["rename,renameat,renameat2", "unlink,unlinkat"])
def test_the_kernel_agrees(start: Path, finish: dict[str, bytes], memory: Path, call: str) -> None:
    """The same with real system calls: strace kills the process as it enters the n-th one."""
    old, new = users(tree(start)), users(finish)
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.generator.write.test_killed import NEW, run\n"
        "run(Path(sys.argv[1]), NEW, config='b')"
    )
    for step in range(1, 100):
        root = memory / str(step)
        shutil.copytree(start, root)
        inject = f"inject={call}:signal=KILL:when={step}"
        command = [str(STRACE), "-f", "-qq", "-e", f"trace={call}", "-e", inject]
        done = subprocess.run(
            [*command, sys.executable, "-B", "-c", script, str(root)],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        if "ptrace" in done.stderr and "Operation not permitted" in done.stderr:
            pytest.skip("tracing is not permitted here")
        now = users(tree(root))
        for path in {*old, *new}:
            assert now.get(path) in (old.get(path), new.get(path)), (step, path)
        generate(str(root), lambda: rendering(NEW, config="b"))
        assert tree(root) == finish, step
        if done.returncode == 0:
            assert step > 1
            return
    raise AssertionError("the run never completed")
