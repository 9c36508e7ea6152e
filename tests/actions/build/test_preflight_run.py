"""Builds on machines with GPUs, as far as a stand-in for nvidia-smi makes one.

The sources are C, so nothing is compiled for a GPU; what is tried is what happens around that.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support import nvidia_smi as stand_in
from tests.support.action_runs import (
    LAUNCHER,
    Ran,
    act,
    checkout,
    compiler,
    environment,
    missing_tool,
)
from tests.support.cuda import compiler as host_compiler
from tests.support.cuda import toolkit

pytestmark = pytest.mark.skipif(missing_tool() != "", reason=missing_tool())

T4 = json.loads((stand_in.MACHINES / "t4" / "machine.json").read_text())["gpus"][0]["uuid"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = checkout("cmake-small", tmp_path / "project")
    lists = folder / "CMakeLists.txt"
    lists.write_text(
        lists.read_text().replace("option(BUILD", "option(GGML_CUDA x OFF)\noption(BUILD")
    )
    return folder


def runner(folder: Path, machine: str = "t4", version: str = "12.8") -> dict[str, str]:
    """The environment of a machine with GPUs, a toolkit, and a host compiler."""
    tools = [
        stand_in.install(machine, folder / "smi"),
        toolkit(folder / "cuda", version, architectures=(75, 80, 86, 90)),
        host_compiler(folder / "host", "g++", "gcc", 12).parent,
    ]
    given = environment()["PATH"]
    cuda = dict.fromkeys(("CUDACXX", "CUDAHOSTCXX", "NVCC_CCBIN", "CUDA_VISIBLE_DEVICES"), "")
    return {**compiler(), **cuda, "PATH": os.pathsep.join([*map(str, tools), given])}


def build(workspace: Path, environ: dict[str, str], **options: Any) -> Ran:
    locks = workspace.parent / "locks"
    locks.mkdir(exist_ok=True)
    usual = {
        "service": "small",
        "backend": "cuda",
        "jobs": "1",
        "compiler_cache": "none",
        "gpu_lock_folder": str(locks),
        "min_disk_gib": "0",
        "min_memory_gib": "0",
    }
    return act("build", workspace, environ, **{**usual, **options})


def configured(workspace: Path) -> bool:
    return (workspace / ".ci-gen-build/small-cuda/CMakeCache.txt").exists()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


def free(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def test_native_is_resolved_and_reported(project: Path, tmp_path: Path) -> None:
    ran = build(project, runner(tmp_path), architectures=("native",))
    cache = (project / ".ci-gen-build/small-cuda/CMakeCache.txt").read_text()
    assert "CMAKE_CUDA_ARCHITECTURES:UNINITIALIZED=75-real" in cache
    found = ran.findings["preflight"]
    assert [each["name"] for each in found["gpus"]] == ["Tesla T4"]
    assert found["toolkit"] == {"version": "12.8.88", "architectures": [75, 80, 86, 90]}
    assert {each["result"] for each in found["checks"]} == {"ok"}
    assert ran.result is not None
    assert "| Tesla T4 `GPU-39cd9454" in ran.result.summary
    assert "GPU 0: Tesla T4" in ran.log


@pytest.mark.parametrize(
    ("machine", "version", "options", "message"),
    [
        ("no-driver", "12.8", {"architectures": ("native",)}, "the NVIDIA driver is not loaded"),
        ("old-driver", "12.8", {}, "driver 470.82.01 is too old for CUDA 12.8"),
        ("t4", "13.0", {}, "driver 535.183.01 is too old for CUDA 13.0"),
        ("ecc-errors", "12.8", {}, "had 2 uncorrected memory errors"),
        ("t4", "12.8", {"toolkit": "99.1"}, "there is no CUDA toolkit 99.1"),
        ("t4", "12.8", {"architectures": ("120",)}, "CUDA 12.8 does not compile for 120"),
        ("t4", "12.8", {"min_disk_gib": "99999"}, "99999.0 GiB are needed"),
        ("t4", "12.8", {"min_memory_gib": "99999"}, "99999.0 GiB are needed"),
    ],
)
def test_a_failed_check_ends_the_build_before_it_begins(
    machine: str,
    version: str,
    options: dict[str, Any],
    message: str,
    project: Path,
    tmp_path: Path,
) -> None:
    ran = build(project, runner(tmp_path, machine, version), **options)
    assert (ran.verdict, ran.status) == ("ERROR", 3), ran.log
    assert message in ran.log
    assert "Next: " in ran.findings["reason"]
    assert ran.findings["preflight"]["checks"]
    assert not configured(project)


def test_without_a_gpu_a_build_for_named_architectures_goes_on(
    project: Path, tmp_path: Path
) -> None:
    ran = build(project, runner(tmp_path, "no-driver"), architectures=("80",))
    assert configured(project)
    assert "::warning::no GPU was found" in ran.log
    assert not list((tmp_path / "locks").iterdir())


def test_another_host_compiler_is_chosen_and_told(project: Path, tmp_path: Path) -> None:
    environ = runner(tmp_path)
    toolkit(tmp_path / "cuda", architectures=(75,), gcc=11)
    other = host_compiler(tmp_path / "host", "g++-11", "gcc", 11)
    ran = build(project, environ)
    cache = (project / ".ci-gen-build/small-cuda/CMakeCache.txt").read_text()
    assert f"CMAKE_CUDA_HOST_COMPILER:UNINITIALIZED={other}" in cache
    assert "does not accept gcc 12" in ran.log
    assert f"gcc 11 ({other}) is used" in ran.log


def test_a_gpu_that_another_job_holds(project: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "locks" / f"ci-gen-{T4}.lock"):
        ran = build(project, runner(tmp_path), gpu_wait=0)
    assert (ran.verdict, ran.status) == ("ERROR", 3)
    assert f"GPU {T4} was held by another job for 0 s" in str(ran.error)
    assert not configured(project)


def test_only_the_visible_gpu_is_locked(project: Path, tmp_path: Path) -> None:
    environ = {**runner(tmp_path, "h100"), "CUDA_VISIBLE_DEVICES": "1"}
    build(project, environ)
    (lock,) = (tmp_path / "locks").iterdir()
    assert "4f3a1b6c" in lock.name
    assert free(lock)


def test_a_cpu_build_asks_no_gpu(project: Path, tmp_path: Path) -> None:
    ran = build(project, runner(tmp_path, "hangs"), backend="cpu")
    assert ran.verdict == "PASS", ran.log
    assert "preflight" not in ran.findings
    ran = build(project, runner(tmp_path), backend="cpu", min_disk_gib="99999")
    assert (ran.verdict, ran.status) == ("ERROR", 3)


def test_a_package_tied_to_its_builder_is_told(project: Path, tmp_path: Path) -> None:
    ran = build(project, runner(tmp_path), backend="cpu", cmake_args=("-DGGML_NATIVE=ON",))
    assert "::warning::cmake-args set GGML_NATIVE=ON" in ran.log


def test_no_temporary_file_stays(project: Path, tmp_path: Path) -> None:
    lists = project / "CMakeLists.txt"
    lists.write_text(
        lists.read_text()
        + "add_custom_target(t ALL COMMAND ${CMAKE_COMMAND} -E touch $ENV{TMPDIR}/left)\n"
        "file(WRITE ${CMAKE_BINARY_DIR}/where $ENV{TMPDIR})\n"
    )
    ran = build(project, runner(tmp_path), backend="cpu")
    assert ran.verdict == "PASS", ran.log
    folder = project / ".ci-gen-build/small-cpu"
    assert (folder / "where").read_text() == str(folder / ".ci-gen-tmp")
    assert not (folder / ".ci-gen-tmp").exists()


@pytest.mark.skipif(
    shutil.which("ccache", path=environment()["PATH"]) is None, reason="ccache is not installed"
)
def test_a_remote_cache_serves_others_and_is_seen_by_compilers_alone(
    project: Path, tmp_path: Path
) -> None:
    lists = project / "CMakeLists.txt"
    secret = "$CCACHE_REMOTE_STORAGE$CCACHE_SECONDARY_STORAGE$CI_GEN_BUILD_CACHE_REMOTE"
    lists.write_text(
        lists.read_text() + f'add_test(NAME alone COMMAND sh -c "test -z \\"{secret}\\"")\n'
    )
    remote = f"file:{tmp_path}/remote-hunter2"
    environ = {**runner(tmp_path), "CI_GEN_BUILD_CACHE_REMOTE": remote}
    usual = {"backend": "cpu", "compiler_cache": "ccache", "cache_remote": remote}
    cold = build(project, environ, cache_folder=str(tmp_path / "one"), **usual)
    assert cold.verdict == "PASS", cold.log
    shutil.rmtree(project / ".ci-gen-build")
    warm = build(project, environ, cache_folder=str(tmp_path / "two"), **usual)
    assert warm.findings["ccache"] == {"hits": 3, "misses": 0}
    for ran in (cold, warm):
        assert "hunter2" not in ran.log
        assert ran.result is not None
        assert "hunter2" not in json.dumps(ran.result.evidence)
    assert cold.result is not None
    # another token is no reason to compile anew
    other = build(
        project, environ, cache_folder=str(tmp_path / "two"), **{**usual, "cache_remote": ""}
    )
    assert "configured anew" not in other.log


# Cancelled ---------------------------------------------------------------------------------


def start(project: Path, environ: dict[str, str], *flags: str) -> subprocess.Popen[bytes]:
    locks = project.parent / "locks"
    locks.mkdir(exist_ok=True)
    words = [sys.executable, "-I", str(LAUNCHER), "build", "--service", "small"]
    words += ["--backend", "cuda", "--compiler-cache", "none", "--gpu-lock-folder", str(locks)]
    words += ["--min-disk-gib", "0", "--min-memory-gib", "0", *flags]
    return subprocess.Popen(
        words,
        cwd=project,
        env={**environment(), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_for(path: Path) -> None:
    for _ in range(1200):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def slow(project: Path, seconds: int, *, test: bool = False) -> Path:
    """Make the build, or a test, say that it began, and take its time; where it says so."""
    begun = project / "begun"
    lists = project / "CMakeLists.txt"
    if test:
        line = f'add_test(NAME slow COMMAND sh -c "touch {begun} && exec sleep {seconds}")'
    else:
        touch = f"${{CMAKE_COMMAND}} -E touch {begun}"
        line = f"add_custom_target(slow ALL COMMAND {touch} COMMAND sleep {seconds})"
    lists.write_text(f"{lists.read_text()}{line}\n")
    return begun


def processes(folder: Path) -> list[str]:
    """The command lines of processes that work in a folder or name it."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in words or str(folder) in str((each / "cwd").readlink()):
                found.append(words)
        except OSError:
            continue
    return found


@pytest.mark.e2e
def test_cancelled_it_leaves_nothing(project: Path, tmp_path: Path) -> None:
    begun = slow(project, 60)
    running = start(project, runner(tmp_path))
    wait_for(begun)
    lock = tmp_path / "locks" / f"ci-gen-{T4}.lock"
    assert not free(lock)
    running.send_signal(signal.SIGTERM)
    log = running.communicate(timeout=60)[0].decode()
    assert running.returncode == 130, log
    assert free(lock)
    assert lock.read_text() == ""
    assert not (project / ".ci-gen-build/small-cuda/.ci-gen-tmp").exists()
    assert processes(project) == []


@pytest.mark.e2e
def test_killed_it_frees_the_gpu_and_the_next_run_clears_up(project: Path, tmp_path: Path) -> None:
    begun = slow(project, 3)
    environ = runner(tmp_path)
    running = start(project, environ)
    wait_for(begun)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert free(tmp_path / "locks" / f"ci-gen-{T4}.lock")
    temporary = project / ".ci-gen-build/small-cuda/.ci-gen-tmp"
    assert temporary.exists()
    again = start(project, environ)
    log = again.communicate(timeout=120)[0].decode()
    # what the killed run left running still holds the folder
    assert "another build runs in" in log
    assert again.returncode == 0, log
    assert not temporary.exists()


@pytest.mark.e2e
def test_a_test_that_outlives_a_killed_run_keeps_the_gpu(project: Path, tmp_path: Path) -> None:
    begun = slow(project, 4, test=True)
    running = start(project, runner(tmp_path))
    wait_for(begun)
    lock = tmp_path / "locks" / f"ci-gen-{T4}.lock"
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not free(lock)
    for _ in range(600):
        if free(lock):
            break
        time.sleep(0.05)
    assert free(lock)


@pytest.mark.e2e
def test_two_services_take_turns_on_one_gpu(project: Path, tmp_path: Path) -> None:
    begun = slow(project, 2)
    environ = runner(tmp_path)
    first = start(project, environ, "--build-folder", str(tmp_path / "a"))
    wait_for(begun)
    second = start(project, environ, "--build-folder", str(tmp_path / "b"))
    logs = [each.communicate(timeout=120)[0].decode() for each in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), logs
    assert f"GPU {T4} is held by service=small" in logs[1]
