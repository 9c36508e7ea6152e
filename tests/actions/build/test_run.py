"""Real builds of a small CMake project."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.action_runs import (
    LAUNCHER,
    Ran,
    act,
    checkout,
    compiler,
    environment,
    missing_tool,
)
from tests.support.cuda import compiler as cuda_compiler
from tests.support.cuda import toolkit

pytestmark = pytest.mark.skipif(missing_tool() != "", reason=missing_tool())


def build(workspace: Path, environ: dict[str, str] | None = None, **options: Any) -> Ran:
    given = {"service": "small", "jobs": "1", "compiler_cache": "none", **options}
    return act("build", workspace, {**compiler(), **(environ or {})}, **given)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return checkout("cmake-small", tmp_path / "project")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    folder = checkout("cmake-small", tmp_path_factory.mktemp("built") / "project")
    return folder, build(folder)


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def unpacked(archive: Path, folder: Path) -> Path:
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    return folder


def test_build(built: tuple[Path, Ran]) -> None:
    workspace, ran = built
    assert (ran.verdict, ran.status) == ("PASS", 0), ran.log
    outputs = ran.outputs
    assert (outputs.tests, outputs.failures) == (2, 0)
    assert outputs.package == "dist/small-cpu.tar.gz"
    with tarfile.open(workspace / outputs.package) as tar:
        assert tar.getnames() == [
            "bin/small",
            "bin/test_tally",
            "lib/libtally.so",
            "lib/libtally.so.1",
            "lib/libtally.so.1.2.3",
            "manifest.json",
        ]
        stamps = {info.mtime for info in tar}
    assert stamps == {1704164645}
    assert (workspace / "dist/junit-small-cpu.xml").is_file()


def test_manifest(built: tuple[Path, Ran]) -> None:
    workspace, ran = built
    text = (workspace / ran.outputs.manifest).read_text()
    manifest = json.loads(text)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=workspace, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert (manifest["commit"], manifest["dirty"]) == (head, False)
    assert manifest["files"]["lib/libtally.so"] == "link:libtally.so.1"
    assert manifest["files"]["bin/small"].startswith("sha256:")
    assert "-DCMAKE_BUILD_TYPE=Release" in manifest["arguments"]
    assert manifest["tools"]["cmake"]
    assert manifest["tools"]["c"]
    assert str(workspace) not in text
    assert ran.findings["manifest"] == manifest
    assert ran.result is not None
    assert ran.result.evidence["inputs"]["source"] == head
    for phase in ("configuration", "build", "tests"):
        assert phase in ran.result.summary
    assert ran.outputs.package_sha256 in ran.result.summary


def test_the_package_runs_wherever_it_lies(built: tuple[Path, Ran], tmp_path: Path) -> None:
    workspace, ran = built
    first = unpacked(workspace / ran.outputs.package, tmp_path / "a")
    moved = first.rename(tmp_path / "moved here")
    hidden = (workspace / ".ci-gen-build").rename(workspace / "hidden")
    try:
        done = subprocess.run(
            [moved / "bin/small", "2", "40"], capture_output=True, text=True, env={}, check=True
        )
        usage = subprocess.run(
            [moved / "bin/small"], capture_output=True, text=True, env={}, check=False
        )
    finally:
        hidden.rename(workspace / ".ci-gen-build")
    assert done.stdout == "2 + 40 = 42\n"
    # clang leaves the "./" out.
    assert usage.stderr.replace("./", "").endswith("(built from src/tally.c)\n")


def test_equal_commits_give_equal_packages(built: tuple[Path, Ran], tmp_path: Path) -> None:
    other = checkout("cmake-small", tmp_path / "quite/another/place")
    ran = build(other, build_folder=str(tmp_path / "b"))
    assert ran.outputs.package_sha256 == built[1].outputs.package_sha256


needs_objcopy = pytest.mark.skipif(shutil.which("objcopy") is None, reason="no objcopy")


@needs_objcopy
def test_equal_commits_give_equal_symbols(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "quite/another"):
        project = checkout("cmake-small", tmp_path / name)
        ran = build(project, cmake_args=("-DCMAKE_C_FLAGS=-g",))
        assert ran.outputs.debug_package == "dist/debug/small-cpu-debug.tar.gz"
        paths = (ran.outputs.package, ran.outputs.debug_package)
        digests.add(tuple((project / path).read_bytes() for path in paths))
        with tarfile.open(project / ran.outputs.debug_package) as tar:
            assert tar.getnames() == [
                "bin/.debug/small.debug",
                "bin/.debug/test_tally.debug",
                "lib/.debug/libtally.so.1.2.3.debug",
            ]
        # the package is the only one of its folder: globs name it
        assert len(list((project / "dist").glob("*.tar.gz"))) == 1
        assert not (project / ".ci-gen-build/small-cpu/.ci-gen-staging").exists()
    assert len(digests) == 1


@needs_objcopy
def test_symbols_are_kept_where_nobody_wants_them_out(project: Path) -> None:
    build(project)
    ran = build(project, strip=False)
    assert ran.outputs.debug_package == ""
    assert ran.findings["manifest"]["stripped"] is False
    # the symbols of the run before are not this one's
    assert not list((project / "dist").rglob("*-debug.tar.gz"))


def test_without_objcopy_the_symbols_stay_and_that_is_said(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for folder in environment()["PATH"].split(os.pathsep):
        for tool in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if not tool.name.endswith("objcopy") and not (tools / tool.name).exists():
                (tools / tool.name).symlink_to(tool)
    ran = build(
        project, {"PATH": str(tools)}, cmake_args=("-DCMAKE_OBJCOPY=CMAKE_OBJCOPY-NOTFOUND",)
    )
    assert ran.verdict == "PASS", ran.log
    assert ran.result is not None
    assert "objcopy is not installed: the package keeps its symbols" in ran.result.summary
    assert ran.outputs.debug_package == ""


@pytest.mark.skipif(
    shutil.which("ccache", path=environment()["PATH"]) is None, reason="ccache is not installed"
)
def test_ccache_serves_another_checkout_and_changes_nothing(
    built: tuple[Path, Ran], tmp_path: Path
) -> None:
    cache = str(tmp_path / "cache")
    one = checkout("cmake-small", tmp_path / "one")
    two = checkout("cmake-small", tmp_path / "other/two")
    cold = build(one, compiler_cache="ccache", cache_folder=cache)
    warm = build(two, compiler_cache="auto", cache_folder=cache)
    assert cold.findings["ccache"] == {"hits": 0, "misses": 3}
    assert warm.findings["ccache"] == {"hits": 3, "misses": 0}
    assert warm.result is not None
    assert "100% (3 of 3)" in warm.result.summary
    digests = {each.outputs.package_sha256 for each in (cold, warm, built[1])}
    assert len(digests) == 1


def test_a_compile_error_is_annotated(project: Path) -> None:
    build(project)
    edit(project / "src/tally.c", "left + right", "left + wrong")
    ran = build(project)
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert "::error file=src/tally.c,line=3::" in ran.log
    assert "wrong" in ran.log
    assert ran.outputs.package == ""
    # the package of the run before must not pass for this one's
    assert not list((project / "dist").glob("*.tar.gz"))
    assert not list((project / "dist").glob("*.xml"))


def test_an_error_of_cmake_is_annotated(project: Path) -> None:
    edit(project / "CMakeLists.txt", "enable_testing()", 'message(FATAL_ERROR "no way")')
    ran = build(project)
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert "::error file=CMakeLists.txt,line=16::no way" in ran.log


def test_a_failing_test_is_annotated(project: Path) -> None:
    edit(project / "tests/test_tally.c", "(2, 3) == 5", "(2, 3) == 6")
    ran = build(project)
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert (ran.outputs.tests, ran.outputs.failures) == (2, 1)
    assert "::error file=tests/test_tally.c,line=7::test tally failed" in ran.log
    assert ran.findings["tests"]["failed"] == ["tally"]
    assert ran.outputs.package == ""


def test_a_slow_test_has_failed(project: Path) -> None:
    (project / "CMakeLists.txt").open("a").write("add_test(NAME slow COMMAND sleep 30)\n")
    ran = build(project, ctest_timeout=1)
    assert (ran.verdict, ran.outputs.failures) == ("FAIL", 1)


def test_a_test_that_was_not_built_has_failed(project: Path) -> None:
    ran = build(project, targets=("small",))
    assert (ran.verdict, ran.status) == ("FAIL", 1)
    assert ran.findings["tests"]["failed"] == ["tally"]


def test_no_test_is_no_data(project: Path) -> None:
    ran = build(project, ctest_include="^nonesuch$")
    assert (ran.verdict, ran.status) == ("NO_DATA", 3)
    assert "found no test" in ran.log
    assert ran.outputs.package == ""


def test_only_skipped_tests_are_no_data(project: Path) -> None:
    (project / "CMakeLists.txt").open("a").write(
        "set_tests_properties(tally greeting PROPERTIES DISABLED TRUE)\n"
    )
    ran = build(project)
    assert (ran.verdict, ran.status) == ("NO_DATA", 3)
    assert "all 2 tests were skipped" in ran.log


def test_without_ctest_the_build_says_that_it_is_untested(project: Path) -> None:
    ran = build(project, ctest=False, package_paths=("bin/*",))
    assert ran.verdict == "PASS"
    assert ran.result is not None
    assert "untested" in ran.result.summary
    with tarfile.open(project / ran.outputs.package) as tar:
        assert tar.getnames() == ["bin/small", "manifest.json"]


def test_a_glob_without_match(project: Path) -> None:
    ran = build(project, package_paths=("bin/*", "share/**"))
    assert ran.status == 2
    assert "'share/**' matches no file" in str(ran.error)


def test_chosen_tests(project: Path) -> None:
    ran = build(project, ctest_include="^gree", targets=("small",))
    assert (ran.verdict, ran.outputs.tests) == ("PASS", 1)


def test_cmake_is_missing(project: Path, tmp_path: Path) -> None:
    ran = build(project, {"PATH": str(tmp_path)})
    assert ran.status == 3
    assert "cmake is not installed" in str(ran.error)
    assert "install cmake" in str(ran.error)


def test_no_compiler_is_the_machines_fault(project: Path) -> None:
    ran = build(project, {"CC": "/nonexistent/cc"})
    assert (ran.verdict, ran.status) == ("ERROR", 3)
    assert "no working compiler" in ran.log


def test_no_project(tmp_path: Path) -> None:
    ran = build(tmp_path)
    assert ran.status == 2
    assert "no CMakeLists.txt" in str(ran.error)


def cuda(folder: Path) -> dict[str, str]:
    """A machine with a CUDA toolkit; the sources are C, so nothing is compiled with it."""
    tools = toolkit(folder / "cuda")
    host = cuda_compiler(folder / "host", "g++", "gcc", 12).parent
    given = environment()["PATH"]
    return {"PATH": os.pathsep.join([str(tools), str(host), given]), "CUDACXX": ""}


def test_a_cuda_switch_that_nobody_reads(project: Path, tmp_path: Path) -> None:
    ran = build(project, cuda(tmp_path), backend="cuda")
    assert ran.status == 3
    assert "nothing in these sources knows the option GGML_CUDA" in str(ran.error)


def test_a_cuda_switch_that_is_read_and_a_toolkit_that_is_not_there(
    project: Path, tmp_path: Path
) -> None:
    edit(project / "CMakeLists.txt", "option(BUILD", "option(LLAMA_CUBLAS x OFF)\noption(BUILD")
    ran = build(project, cuda(tmp_path), backend="cuda")
    assert ran.verdict == "PASS", ran.log
    assert "-DLLAMA_CUBLAS=ON" in ran.findings["manifest"]["arguments"]
    ran = build(project, backend="cuda", toolkit=str(project / "no"))
    assert ran.status == 3
    assert "there is no CUDA toolkit" in ran.log


@pytest.mark.e2e
def test_time_runs_out(project: Path) -> None:
    edit(
        project / "CMakeLists.txt",
        "enable_testing()",
        "enable_testing()\nadd_custom_target(sleep ALL COMMAND sleep 60)",
    )
    ran = build(project, timeout=2)
    assert (ran.verdict, ran.status) == ("ERROR", 3)
    assert "the input timeout sets it" in ran.log


@pytest.mark.e2e
def test_another_source_in_the_same_folder(project: Path, tmp_path: Path) -> None:
    shared = str(tmp_path / "b")
    assert build(project, build_folder=shared).verdict == "PASS"
    other = checkout("cmake-small", tmp_path / "other")
    ran = build(other, build_folder=shared)
    assert ran.verdict == "PASS"
    assert "configured for other sources" in ran.log


@pytest.mark.e2e
def test_arguments_of_an_earlier_run_are_forgotten(project: Path) -> None:
    assert build(project, cmake_args=("-DBUILD_TESTING=OFF",)).verdict == "NO_DATA"
    assert build(project).verdict == "PASS"


def test_changed_files_are_told(project: Path) -> None:
    edit(project / "src/tally.c", "left + right", "right + left")
    ran = build(project)
    assert ran.findings["manifest"]["dirty"] is True
    assert ran.result is not None
    assert ran.result.evidence["inputs"]["source"].endswith("-dirty")


def test_without_git(tmp_path: Path, project: Path) -> None:
    shutil.rmtree(project / ".git")
    ran = build(project, {"SOURCE_DATE_EPOCH": "86400"})
    assert ran.verdict == "PASS"
    assert ran.findings["manifest"]["commit"] == ""
    with tarfile.open(project / ran.outputs.package) as tar:
        assert {info.mtime for info in tar} == {86400}


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["a b", "it's", 'quo"te', "$(touch hacked)", "semi;colon"])
def test_hostile_folders(tmp_path: Path, name: str) -> None:
    workspace = checkout("cmake-small", tmp_path / name)
    ran = build(workspace, build_folder=str(tmp_path / "b"))
    # CMake itself cannot build in some of them; nothing else may happen
    assert ran.verdict in ("PASS", "FAIL"), ran.log
    assert not list(tmp_path.rglob("hacked"))
    if name in ("a b", "it's"):
        assert ran.verdict == "PASS"


HOSTILE = (
    "a'b\"c",
    "$(touch hacked)",
    "`touch hacked`",
    "x;touch hacked",
    "${{ github.token }}",
    "\\",
    "é ü",
    "::set-env name=A::b",
)


def test_hostile_arguments_are_one_argument_each(project: Path) -> None:
    arguments = tuple(f"-DSAID{index}:STRING={text}" for index, text in enumerate(HOSTILE))
    ran = build(project, cmake_args=arguments, ctest_exclude="$(touch hacked);'\"`touch hacked`")
    assert ran.verdict == "PASS", ran.log
    cache = (project / ".ci-gen-build/small-cpu/CMakeCache.txt").read_text()
    for index, text in enumerate(HOSTILE):
        assert f"SAID{index}:STRING={text}\n" in cache
    assert not list(project.rglob("hacked"))


def start(project: Path, *flags: str) -> subprocess.Popen[bytes]:
    """The action as a process of its own, as a runner starts it."""
    words = [sys.executable, "-I", str(LAUNCHER), "build", "--service", "small", *flags]
    return subprocess.Popen(
        [*words, "--compiler-cache", "none"],
        cwd=project,
        env={**environment(), **compiler()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def slow_target(project: Path, seconds: int) -> Path:
    """Make the build say that it began, and take its time; where it says so."""
    begun = project / "begun"
    edit(
        project / "CMakeLists.txt",
        "add_library(tally SHARED",
        f"add_custom_command(OUTPUT slow.c COMMAND ${{CMAKE_COMMAND}} -E touch {begun}\n"
        f"  COMMAND sleep {seconds} COMMAND ${{CMAKE_COMMAND}} -E touch slow.c)\n"
        "add_library(tally SHARED slow.c",
    )
    return begun


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.e2e
def test_two_at_once_build_one_after_the_other(project: Path) -> None:
    begun = slow_target(project, 2)
    first = start(project)
    wait_for(begun)
    second = start(project)
    logs = [each.communicate(timeout=120)[0].decode() for each in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), logs
    assert "another build runs in" in logs[1]
    assert "another build runs in" not in logs[0]


@pytest.mark.e2e
@pytest.mark.parametrize("generator", ["auto", "make"])
def test_killed_in_the_middle_and_run_again(project: Path, generator: str) -> None:
    if generator == "make" and not shutil.which("make", path=environment()["PATH"]):
        pytest.skip("make is not installed")
    begun = slow_target(project, 2)
    first = start(project, "--generator", generator)
    wait_for(begun)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    again = start(project, "--generator", generator)
    log = again.communicate(timeout=120)[0].decode()
    assert again.returncode == 0, log
    assert ("the last build here was killed" in log) is (generator == "make")


@pytest.mark.e2e
def test_a_signal_stops_it_with_130(project: Path) -> None:
    begun = slow_target(project, 60)
    first = start(project)
    wait_for(begun)
    first.send_signal(signal.SIGTERM)
    log = first.communicate(timeout=60)[0].decode()
    assert first.returncode == 130, log
    assert not (project / "evidence/build.json").exists()


def can_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None


@pytest.mark.skipif(not can_mount(), reason="only root can mount a small disk to fill")
def test_a_full_disk_is_the_machines_fault(project: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.decode()}")
    try:
        (project / "src/tally.c").open("a").write("char big[2000000] = {1};\n")
        ran = build(project, build_folder=str(disk / "b"))
    finally:
        subprocess.run(["umount", disk], check=True)
    assert (ran.verdict, ran.status) == ("ERROR", 3), ran.log
    assert "disk is full" in ran.log
