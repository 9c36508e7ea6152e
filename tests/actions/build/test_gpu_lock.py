from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ci_gen_actions.build import gpu_lock
from ci_gen_actions.core.errors import CannotDecide, UsageError
from ci_gen_actions.core.github import GitHub

WHO = {"service": "chat", "pid": "7"}


@pytest.fixture
def log() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def ci(log: io.BytesIO, tmp_path: Path) -> GitHub:
    return GitHub({"GITHUB_WORKSPACE": str(tmp_path)}, log=log, out=io.BytesIO())


def holder(where: Path, uuid: str = "GPU-1") -> subprocess.Popen[bytes]:
    """Another process that holds a lock, until it is killed."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from ci_gen_actions.build import gpu_lock\n"
        "from ci_gen_actions.core.terminal import Terminal\n"
        f"with gpu_lock.held(['{uuid}'], Path({str(where)!r}), Terminal({{}}), 5, {WHO}):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environ)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


def free(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def test_one_lock_a_gpu(tmp_path: Path, ci: GitHub) -> None:
    with gpu_lock.held(["GPU-2", "GPU-1", "GPU-2"], tmp_path, ci, 0, WHO) as locks:
        paths = sorted(tmp_path.glob("*.lock"))
        assert [each.name for each in paths] == ["ci-gen-GPU-1.lock", "ci-gen-GPU-2.lock"]
        assert not any(free(each) for each in paths)
        assert len(locks.handles) == 2
        assert not locks.waited
        assert "chat" in paths[0].read_text()
    assert all(free(each) for each in paths)
    assert paths[0].read_text() == ""


def test_no_gpu_no_lock(tmp_path: Path, ci: GitHub) -> None:
    with gpu_lock.held([], tmp_path, ci, 0, WHO) as locks:
        assert locks.handles == ()
    assert not list(tmp_path.iterdir())


def test_every_user_can_open_it_whatever_the_umask(tmp_path: Path, ci: GitHub) -> None:
    before = os.umask(0o077)
    try:
        with gpu_lock.held(["GPU-1"], tmp_path, ci, 0, WHO):
            assert (tmp_path / "ci-gen-GPU-1.lock").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_the_wait_is_bounded_and_says_for_whom(tmp_path: Path, ci: GitHub, log: io.BytesIO) -> None:
    other = holder(tmp_path)
    try:
        with (
            pytest.raises(CannotDecide, match="GPU GPU-1 was held by another job") as caught,
            gpu_lock.held(["GPU-1"], tmp_path, ci, 0.1, WHO),
        ):
            pass
    finally:
        other.kill()
        other.wait()
    assert caught.value.exit_status == 3
    assert "service=chat pid=7" in caught.value.why
    assert "gpu-wait" in caught.value.next
    assert "GPU GPU-1 is held by service=chat pid=7; waiting" in log.getvalue().decode()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_a_holder_that_is_killed_lets_go(tmp_path: Path, ci: GitHub, signum: int) -> None:
    other = holder(tmp_path)
    timer = threading.Timer(0.2, other.send_signal, [signum])
    timer.start()
    with gpu_lock.held(["GPU-1"], tmp_path, ci, 60, WHO) as locks:
        assert locks.waited
    other.wait()


def test_what_a_holder_wrote_is_not_trusted(tmp_path: Path, ci: GitHub) -> None:
    path = tmp_path / "ci-gen-GPU-1.lock"
    for text in ("", "junk", "[1]", '{"a": "\\u001b[31m::error::x\\n"}', "x" * 100_000):
        path.write_text(text)
        handle = os.open(path, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            with (
                pytest.raises(CannotDecide) as caught,
                gpu_lock.held(["GPU-1"], tmp_path, ci, 0, WHO),
            ):
                pass
        finally:
            os.close(handle)
        assert caught.value.why.isprintable()
        assert len(caught.value.why) < 400


def test_a_link_is_not_followed(tmp_path: Path, ci: GitHub) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "ci-gen-GPU-1.lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"), gpu_lock.held(["GPU-1"], tmp_path, ci, 0, WHO):
        pass
    assert victim.read_text() == "precious"


def test_the_folder() -> None:
    assert str(gpu_lock.folder("")) in gpu_lock.FOLDERS
    with pytest.raises(UsageError, match="no folder /nonexistent"):
        gpu_lock.folder("/nonexistent")


def test_a_folder_of_root_alone_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, shared = tmp_path / "private", tmp_path / "shared"
    private.mkdir(mode=0o755)
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setattr(gpu_lock, "FOLDERS", (str(tmp_path / "no"), str(private), str(shared)))
    assert gpu_lock.folder("") == shared
    assert gpu_lock.folder(str(private)) == private
