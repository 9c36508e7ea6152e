from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from tests.support.actions import bare_environment

from ci_gen_actions.core import environment
from ci_gen_actions.core.environment import (
    Base,
    cache_folders,
    digest,
    install_plan,
    provide,
    ready,
)
from ci_gen_actions.core.errors import CannotDecide
from ci_gen_actions.core.terminal import Terminal


def make_wheel(folder: Path) -> tuple[Path, str]:
    """A tiny wheel, the same bytes each time, and its SHA-256."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / "tiny_ground-1.0-py3-none-any.whl"
    info = "tiny_ground-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in (
            ("tiny_ground.py", "ANSWER = 42\n"),
            (f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-ground\nVersion: 1.0\n"),
            (f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            (f"{info}/RECORD", f"tiny_ground.py,,\n{info}/RECORD,,\n"),
        ):
            archive.writestr(zipfile.ZipInfo(name), text)
    return wheel, hashlib.sha256(wheel.read_bytes()).hexdigest()


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """Hash-locked requirements that need no network."""
    wheel, sha = make_wheel(tmp_path / "wheels")
    path = tmp_path / "tiny.txt"
    path.write_text(f"tiny-ground @ {wheel.as_uri()} --hash=sha256:{sha}\n")
    return path


def terminal() -> tuple[Terminal, io.BytesIO]:
    log = io.BytesIO()
    return Terminal({}, log=log, out=io.BytesIO()), log


def environ(cache: Path, **more: str) -> dict[str, str]:
    offline = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "UV_CACHE_DIR": str(cache.parent / "uv")}
    return bare_environment(CI_GEN_CACHE=str(cache), **offline, **more)


def answer(folder: Path) -> str:
    code = "import tiny_ground; print(tiny_ground.ANSWER)"
    argv = [str(folder / "bin" / "python"), "-I", "-c", code]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(params=["uv", "pip"])
def installer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both installers: uv where there is one, pip where there is none."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if request.param == "uv" and not found:
        pytest.skip("uv is not installed")
    wanted = found if request.param == "uv" else None
    monkeypatch.setattr(environment.shutil, "which", lambda _name: wanted)
    return str(request.param)


@pytest.mark.e2e
def test_an_environment_is_made_once_and_then_found(
    tmp_path: Path, requirements: Path, installer: str
) -> None:
    ci, log = terminal()
    caller = {"PYTHONPATH": "/nowhere", "VIRTUAL_ENV": "/nowhere", "PIP_USER": "1"}
    caller |= {"PYTHONHOME": "/nowhere", "UV_PYTHON": "2.7", "PIP_TARGET": "/nowhere"}
    folder = provide(requirements, environ(tmp_path / "cache", **caller), ci)
    assert answer(folder) == "42"
    assert installer in log.getvalue().decode()
    ci, log = terminal()
    assert provide(requirements, environ(tmp_path / "cache"), ci) == folder
    assert log.getvalue() == b""


@pytest.mark.e2e
def test_a_wrong_hash_installs_nothing(tmp_path: Path, requirements: Path, installer: str) -> None:
    text = requirements.read_text()
    requirements.write_text(text.replace(text[-5:-1], "0000"))
    ci, log = terminal()
    with pytest.raises(CannotDecide, match="environment could not be made"):
        provide(requirements, environ(tmp_path / "cache"), ci)
    assert "hash" in log.getvalue().decode().lower()
    (folder,) = (each for each in (tmp_path / "cache" / "envs").iterdir() if each.is_dir())
    assert not ready(folder)


@pytest.mark.e2e
def test_a_requirement_without_a_hash_installs_nothing(
    tmp_path: Path, requirements: Path, installer: str
) -> None:
    requirements.write_text(requirements.read_text().partition(" --hash")[0] + "\n")
    with pytest.raises(CannotDecide):
        provide(requirements, environ(tmp_path / "cache"), terminal()[0])


def test_the_digest_tells_everything_apart_that_matters() -> None:
    base = Base(executable="/usr/bin/python3", version="3.11.7", prefix="/usr", machine="x86_64")
    others = [
        digest(b"b", base),
        digest(b"a", Base(executable="x", version="3.11.8", prefix="/usr", machine="x86_64")),
        digest(b"a", Base(executable="x", version="3.11.7", prefix="/opt", machine="x86_64")),
        digest(b"a", Base(executable="x", version="3.11.7", prefix="/usr", machine="aarch64")),
    ]
    assert len({digest(b"a", base), *others}) == 5


def test_the_base_is_not_the_environment_that_runs_this() -> None:
    base = Base.present()
    assert base.prefix == sys.base_prefix
    code = "import sys; print(sys.prefix == sys.base_prefix)"
    shown = subprocess.run([base.executable, "-I", "-c", code], capture_output=True, check=True)
    assert shown.stdout == b"True\n"


def test_where_environments_may_lie() -> None:
    everything = {"RUNNER_TOOL_CACHE": "/t", "HOME": "/h", "RUNNER_TEMP": "/r"}
    folders = [str(each) for each in cache_folders(everything)]
    assert folders == ["/t/ci-gen", "/h/.cache/ci-gen", "/r/ci-gen"]
    assert [str(each) for each in cache_folders({"XDG_CACHE_HOME": "/x", "HOME": "/h"})] == [
        "/x/ci-gen"
    ]
    assert [str(each) for each in cache_folders({"CI_GEN_CACHE": "/c", **everything})] == ["/c"]


def test_the_plans_never_install_without_hashes() -> None:
    base = Base(executable="/py", version="3", prefix="/", machine="m")

    def plan(uv: str | None, own_pip: bool) -> tuple[tuple[str, ...], ...]:
        return install_plan(Path("/e"), Path("/r.txt"), base, uv, own_pip=own_pip)

    assert plan("/uv", False) == (
        ("/uv", "venv", "--no-project", "--python", "/py", "/e"),
        ("/uv", "pip", "sync", "--require-hashes", "--python", "/e/bin/python", "/r.txt"),
    )
    venv, install = plan(None, False)
    assert venv == ("/py", "-I", "-m", "venv", "/e")
    assert install[:5] == ("/e/bin/python", "-I", "-m", "pip", "install")
    bare, outside = plan(None, True)
    assert "--without-pip" in bare
    assert outside[:6] == ("/py", "-I", "-m", "pip", "--python", "/e/bin/python")
    for each in (install, outside):
        assert {"--require-hashes", "--no-deps"} <= set(each)


def test_a_pip_that_is_too_old_or_missing_is_not_used(tmp_path: Path) -> None:
    for said, good in (("pip 22.3 from x", True), ("pip 22.2.1 from x", False), ("no", False)):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\necho '{said}'\n")
        python.chmod(0o755)
        base = Base(executable=str(python), version="3", prefix="/", machine="m")
        assert environment.has_pip(base) is good


def test_the_next_folder_is_taken_where_one_cannot_be_used(
    tmp_path: Path, requirements: Path
) -> None:
    (tmp_path / "file").write_text("")
    known = environ(tmp_path / "x", RUNNER_TOOL_CACHE=str(tmp_path / "file"))
    known = {**known, "CI_GEN_CACHE": "", "HOME": str(tmp_path / "home")}
    folder = provide(requirements, known, terminal()[0])
    assert folder.is_relative_to(tmp_path / "home" / ".cache" / "ci-gen")


def test_no_folder_at_all_says_what_to_do(tmp_path: Path, requirements: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotDecide) as caught:
        provide(requirements, environ(tmp_path / "file"), terminal()[0])
    assert "CI_GEN_CACHE" in caught.value.next
    with pytest.raises(CannotDecide, match="no folder to keep"):
        provide(requirements, {}, terminal()[0])


def test_missing_requirements_are_named(tmp_path: Path) -> None:
    with pytest.raises(CannotDecide, match="requirements cannot be read"):
        provide(tmp_path / "none.txt", environ(tmp_path), terminal()[0])


@pytest.mark.e2e
def test_what_was_left_half_made_is_not_trusted(tmp_path: Path, requirements: Path) -> None:
    known = environ(tmp_path / "cache")
    folder = provide(requirements, known, terminal()[0])
    (folder / environment.MARKER).unlink()
    next((folder / "lib").glob("*/site-packages/tiny_ground.py")).unlink()
    ci, log = terminal()
    assert provide(requirements, known, ci) == folder
    assert "left unfinished" in log.getvalue().decode()
    assert answer(folder) == "42"


@pytest.mark.e2e
def test_an_environment_whose_python_is_gone_is_made_anew(
    tmp_path: Path, requirements: Path
) -> None:
    known = environ(tmp_path / "cache")
    folder = provide(requirements, known, terminal()[0])
    (folder / "bin" / "python").unlink()
    assert not ready(folder)
    assert answer(provide(requirements, known, terminal()[0])) == "42"


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_somebody_elses_environment_is_not_trusted(tmp_path: Path, requirements: Path) -> None:
    folder = provide(requirements, environ(tmp_path / "cache"), terminal()[0])
    os.chown(folder / environment.MARKER, 12345, 12345)
    assert not ready(folder)


SCRIPT = """
import os, sys
from pathlib import Path
from ci_gen_actions.core import environment
from ci_gen_actions.core.dialect import detect
print(environment.provide(Path(sys.argv[1]), dict(os.environ), detect({})))
"""


def started(requirements: Path, known: dict[str, str]) -> subprocess.Popen[str]:
    known = {**known, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(requirements)],
        env=known,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_several_jobs_at_once_make_one_environment(tmp_path: Path, requirements: Path) -> None:
    known = environ(tmp_path / "cache")
    jobs = [started(requirements, known) for _ in range(4)]
    ended = [job.communicate(timeout=120) for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 4, ended
    assert len({out for out, _ in ended}) == 1
    assert sum("Make the environment" in err for _, err in ended) == 1
    assert answer(Path(ended[0][0].strip())) == "42"


@pytest.mark.parametrize("delay", [0.05, 0.4, 1.2])
def test_a_job_that_is_killed_leaves_nothing_that_is_trusted(
    tmp_path: Path, requirements: Path, delay: float
) -> None:
    known = environ(tmp_path / "cache")
    job = started(requirements, known)
    time.sleep(delay)
    job.send_signal(signal.SIGKILL)
    job.communicate()
    folder = provide(requirements, known, terminal()[0])
    assert answer(folder) == "42"


def test_a_full_disk_is_named(tmp_path: Path, requirements: Path) -> None:
    """On a real small file system, where this machine lets us mount one."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(small)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with pytest.raises(CannotDecide) as caught:
            provide(requirements, environ(small, TMPDIR=str(tmp_path)), terminal()[0])
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)
    assert caught.value.what == "the disk is full"
    assert "CI_GEN_CACHE" in caught.value.next


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("failed to write (os error 28)", "the disk is full"),
        ("ensurepip is not available", "environment could not be made"),
    ],
)
def test_what_an_installer_says_is_understood(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch, said: str, what: str
) -> None:
    def plan(*_: object, own_pip: bool) -> tuple[tuple[str, ...], ...]:
        return (("sh", "-c", f"echo '{said}'; exit 1"),)

    monkeypatch.setattr(environment, "install_plan", plan)
    with pytest.raises(CannotDecide, match=what) as caught:
        provide(requirements, environ(tmp_path / "cache"), terminal()[0])
    assert ("python3-venv" in caught.value.next) is ("ensurepip" in said)
