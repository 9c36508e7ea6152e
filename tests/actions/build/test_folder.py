from __future__ import annotations

import fcntl
import io
import os
from pathlib import Path

import pytest

from ci_gen_actions.build import folder
from ci_gen_actions.build.facts import Command
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.terminal import Terminal

CACHE = """\
# a comment
//Help text: with a colon
CMAKE_HOME_DIRECTORY:INTERNAL={source}
CMAKE_CACHEFILE_DIR:INTERNAL={build}
CMAKE_GENERATOR:INTERNAL={generator}
GGML_CUDA:BOOL=ON
OTHER:UNINITIALIZED=a:b=c
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    path = tmp_path / "b"
    path.mkdir()
    (tmp_path / "s").mkdir()
    text = CACHE.format(source=tmp_path / "s", build=path, generator="Ninja")
    (path / "CMakeCache.txt").write_text(text)
    (path / "kept.o").touch()
    return path


def test_a_fresh_folder_stays(build: Path) -> None:
    assert folder.clean(build, build.parent / "s", "Ninja") == ""
    assert (build / "kept.o").exists()
    assert folder.clean(build.parent / "none", build.parent / "s", "Ninja") == ""


@pytest.mark.parametrize(
    ("before", "after", "generator", "reason"),
    [
        ("HOME_DIRECTORY:INTERNAL=", "HOME_DIRECTORY:INTERNAL=/x", "Ninja", "other sources"),
        ("CACHEFILE_DIR:INTERNAL=", "CACHEFILE_DIR:INTERNAL=/x", "Ninja", "moved here"),
        ("", "", "Unix Makefiles", "configured for Ninja, not Unix Makefiles"),
    ],
)
def test_stale(build: Path, before: str, after: str, generator: str, reason: str) -> None:
    cache = build / "CMakeCache.txt"
    cache.write_text(cache.read_text().replace(before, after))
    assert reason in folder.clean(build, build.parent / "s", generator)
    assert not build.exists()


@pytest.mark.parametrize(
    ("phase", "generator", "deleted"),
    [
        ("configure", "Ninja", True),
        ("build", "Unix Makefiles", True),
        ("build", "Ninja", False),
    ],
)
def test_what_a_killed_run_left(build: Path, phase: str, generator: str, deleted: bool) -> None:
    cache = build / "CMakeCache.txt"
    cache.write_text(cache.read_text().replace("=Ninja", f"={generator}"))
    with pytest.raises(KeyboardInterrupt), folder.phase(build, phase):
        raise KeyboardInterrupt
    assert ("killed" in folder.clean(build, build.parent / "s", generator)) is deleted
    assert build.exists() is not deleted


def test_a_phase_that_ended_leaves_no_note(build: Path) -> None:
    with folder.phase(build, "configure"):
        pass
    assert folder.clean(build, build.parent / "s", "Ninja") == ""


def test_other_peoples_files_are_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UsageError, match="no build folder"):
        folder.clean(tmp_path, tmp_path / "s", "Ninja")
    with pytest.raises(UsageError, match="no build folder"):
        folder.clean(tmp_path / "thesis.txt", tmp_path / "s", "Ninja")
    (tmp_path / "link").symlink_to("/")
    with pytest.raises(UsageError, match="no build folder"):
        folder.clean(tmp_path / "link", tmp_path / "s", "Ninja")
    assert (tmp_path / "thesis.txt").exists()


def test_cache(build: Path) -> None:
    assert folder.cache_values(build)["OTHER"] == "a:b=c"
    assert folder.cache_type(build, "GGML_CUDA") == "BOOL"
    assert folder.cache_type(build, "OTHER") == "UNINITIALIZED"
    assert folder.cache_type(build, "NONE") == ""


def test_other_arguments_are_forgotten(build: Path) -> None:
    one, two = Command(argv=("a",)), Command(argv=("a",), environment={"CFLAGS": "-g"})
    assert folder.forget_other_arguments(build, one)
    (build / "CMakeCache.txt").touch()
    assert not folder.forget_other_arguments(build, one)
    assert (build / "CMakeCache.txt").exists()
    assert folder.forget_other_arguments(build, two)
    assert not (build / "CMakeCache.txt").exists()
    assert (build / "kept.o").exists()


def test_the_lock_is_waited_for_and_the_wait_has_an_end(tmp_path: Path) -> None:
    log = io.BytesIO()
    ci = Terminal({}, log=log, out=io.BytesIO())
    build = tmp_path / "x" / "b"
    with folder.locked(build, ci, 0), pytest.raises(CannotDecide, match="another build"):  # noqa: SIM117
        with folder.locked(build, ci, 0):
            raise AssertionError
    assert b"waiting" in log.getvalue()
    with folder.locked(build, ci, 0):
        pass


def test_an_heir_of_the_descriptor_keeps_the_lock(tmp_path: Path) -> None:
    ci = Terminal({}, log=io.BytesIO(), out=io.BytesIO())
    build = tmp_path / "b"
    with folder.locked(build, ci, 0) as handle:
        heir = os.dup(handle)
    with pytest.raises(CannotDecide), folder.locked(build, ci, 0):
        raise AssertionError
    fcntl.flock(heir, fcntl.LOCK_UN)
    os.close(heir)
    with folder.locked(build, ci, 0):
        pass
