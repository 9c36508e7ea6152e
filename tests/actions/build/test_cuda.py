"""A small CUDA project, really compiled by nvcc. No GPU is needed: nothing is computed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support import nvidia_smi
from tests.support.action_runs import Ran, act, checkout, compiler, environment, missing_tool

from ci_gen_actions.build import cuda_binaries, elf
from ci_gen_actions.core.archive import unpack_tar_gz


def toolkit() -> str:
    """The folder of a CUDA toolkit; "" without one."""
    named = os.environ.get("CI_GEN_TEST_CUDA", "")
    nvcc = shutil.which("nvcc", path=f"{named}/bin" if named else environment()["PATH"])
    found = Path(nvcc).resolve().parents[1] if nvcc else Path("/usr/local/cuda")
    return str(found) if (found / "bin/nvcc").is_file() else ""


pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(missing_tool() != "", reason=missing_tool()),
    pytest.mark.skipif(toolkit() == "", reason="no CUDA toolkit: nvcc is not on PATH"),
]

LIBRARY = "lib/libscale.so"


def cuobjdump() -> str:
    """The tool, wherever it is; "" without one."""
    named = os.environ.get("CI_GEN_TEST_CUOBJDUMP", "")
    return named or shutil.which("cuobjdump", path=f"{toolkit()}/bin:{os.environ['PATH']}") or ""


def real_gpu() -> bool:
    """Whether a GPU answers here."""
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool], check=False).returncode == 0


def build(
    workspace: Path, *architectures: str, environ: dict[str, str] | None = None, **options: Any
) -> Ran:
    given = {
        "service": "small",
        "backend": "cuda",
        "toolkit": toolkit(),
        "jobs": "1",
        "compiler_cache": "none",
        # the least that a build of llama.cpp needs is more than this one does
        "min_disk_gib": "0.1",
        "min_memory_gib": "0.5",
        "architectures": architectures,
    }
    return act("build", workspace, {**compiler(), **(environ or {})}, **{**given, **options})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    workspace = checkout("cuda-small", tmp_path_factory.mktemp("cuda") / "project")
    return workspace, build(workspace, "80", "86-real;90a-virtual")


def library(workspace: Path, ran: Ran, folder: Path) -> Path:
    """The library with GPU code, from the package."""
    unpack_tar_gz(workspace / ran.outputs.package, folder)
    return folder / LIBRARY


def test_the_architectures_that_were_asked_for_are_there(built: tuple[Path, Ran]) -> None:
    workspace, ran = built
    assert ran.verdict == "PASS", ran.log
    found = {LIBRARY: {"sass": ["80", "86"], "ptx": ["80", "90a"]}}
    assert json.loads((workspace / ran.outputs.manifest).read_text())["architectures"] == found
    assert ran.findings["manifest"]["architectures"] == found
    assert ran.result is not None
    for text in (ran.log, ran.result.summary):
        assert "SASS for 80, 86 and PTX for 80, 90a" in text


def test_without_a_gpu_nothing_is_claimed(built: tuple[Path, Ran]) -> None:
    _, ran = built
    assert ran.result is not None
    if ran.findings["preflight"].get("gpus"):
        pytest.skip("this machine has a GPU")
    assert "NO SMOKE TEST" in ran.result.summary
    assert "smoke" not in ran.findings


def test_stripping_leaves_the_gpu_code(built: tuple[Path, Ran], tmp_path: Path) -> None:
    path = library(*built, tmp_path / "package")
    sections = elf.sections(path)
    assert ".symtab" not in sections
    there = cuda_binaries.DeviceCode(sass=frozenset({"80", "86"}), ptx=frozenset({"80", "90a"}))
    assert cuda_binaries.read(path, *sections[".nv_fatbin"]) == there


@pytest.mark.skipif(cuobjdump() == "", reason="cuobjdump is not installed")
def test_cuobjdump_says_the_same(built: tuple[Path, Ran], tmp_path: Path) -> None:
    path = library(*built, tmp_path / "package")
    section = elf.sections(path)[".nv_fatbin"]
    assert cuda_binaries.listed(path, cuobjdump(), environment()) == cuda_binaries.read(
        path, *section
    )


@pytest.mark.parametrize(
    ("asked", "compiled", "lacks"),
    [
        ("80;86", "80", ["86 as SASS", "86 as PTX"]),
        ("80-real;90-virtual", "80-real", ["90 as PTX"]),
        ("86", "86-real", ["86 as PTX"]),
    ],
)
def test_a_package_that_lacks_one_is_refused(
    tmp_path: Path, asked: str, compiled: str, lacks: list[str]
) -> None:
    workspace = checkout("cuda-small", tmp_path / "project")
    ran = build(workspace, asked, cmake_args=(f"-DCMAKE_CUDA_ARCHITECTURES={compiled}",))
    assert (ran.verdict, ran.status) == ("FAIL", 1), ran.log
    reason = ran.findings["reason"]
    assert "the package lacks architectures that were asked for" in reason
    assert re.findall(r"\d+ as (?:SASS|PTX)", reason) == lacks
    assert not list((workspace / "dist").rglob("*.tar.gz"))


def test_code_for_no_gpu_at_all_is_refused(tmp_path: Path) -> None:
    workspace = checkout("cuda-small", tmp_path / "project")
    ran = build(workspace, "80", cmake_args=("-DGGML_CUDA=OFF",))
    assert (ran.verdict, ran.status) == ("FAIL", 1), ran.log
    assert "no code for GPUs at all" in ran.findings["reason"]


def test_all_major_is_what_this_nvcc_makes_of_it(tmp_path: Path) -> None:
    workspace = checkout("cuda-small", tmp_path / "project")
    ran = build(workspace, "all-major")
    assert ran.verdict == "PASS", ran.log
    listing = subprocess.run(
        [f"{toolkit()}/bin/nvcc", "--list-gpu-code"], capture_output=True, text=True, check=True
    ).stdout
    major = {number for number in re.findall(r"sm_(\d+)", listing) if number.endswith("0")}
    assert major <= set(ran.findings["manifest"]["architectures"][LIBRARY]["sass"])


def test_two_folders_one_package(built: tuple[Path, Ran], tmp_path: Path) -> None:
    other = checkout("cuda-small", tmp_path / "quite/another/place")
    ran = build(other, "80", "86-real;90a-virtual", build_folder=str(tmp_path / "b"))
    assert ran.outputs.package_sha256 == built[1].outputs.package_sha256
    text = library(other, ran, tmp_path / "package").read_bytes()
    assert b"./src/scale.cu" in text
    assert str(tmp_path).encode() not in text


@pytest.mark.skipif(shutil.which("ccache") is None, reason="ccache is not installed")
def test_ccache_serves_nvcc_in_another_checkout(built: tuple[Path, Ran], tmp_path: Path) -> None:
    ran = []
    for name in ("one", "other/two"):
        workspace = checkout("cuda-small", tmp_path / name)
        cache = str(tmp_path / "cache")
        words = ("80", "86-real;90a-virtual")
        ran.append(build(workspace, *words, compiler_cache="ccache", cache_folder=cache))
    cold, warm = ran
    assert (cold.findings["ccache"]["hits"], warm.findings["ccache"]["misses"]) == (0, 0)
    digests = {each.outputs.package_sha256 for each in (*ran, built[1])}
    assert len(digests) == 1


def with_gpu(machine: str, folder: Path) -> dict[str, str]:
    """The environment of a machine whose nvidia-smi says that it has this GPU.

    It has to be one with a driver that the toolkit of this machine accepts.
    """
    tools = nvidia_smi.install(machine, folder)
    return {"PATH": f"{tools}:{environment()['PATH']}"}


def test_a_package_that_does_not_use_the_gpu_is_refused(tmp_path: Path) -> None:
    workspace = checkout("cuda-small", tmp_path / "project")
    if real_gpu():
        pytest.skip("this machine has a GPU, which the package would use")
    ran = build(
        workspace,
        "80",
        environ=with_gpu("gb10", tmp_path / "tools"),
        smoke_command=("bin/scaled", "21"),
        gpu_lock_folder=str(tmp_path),
    )
    assert (ran.verdict, ran.status) == ("FAIL", 1), ran.log
    assert "the smoke test failed" in ran.findings["reason"]
    assert "exit status 77" in ran.findings["reason"]
    assert not list((workspace / "dist").rglob("*.tar.gz"))
    assert not (workspace / ".ci-gen-build/small-cuda/.ci-gen-staging").exists()


def test_a_gpu_without_a_smoke_test_is_said_loudly(tmp_path: Path) -> None:
    workspace = checkout("cuda-small", tmp_path / "project")
    environ = with_gpu("gb10", tmp_path / "tools")
    ran = build(workspace, "80", environ=environ, gpu_lock_folder=str(tmp_path))
    assert ran.verdict == "PASS", ran.log
    assert ran.result is not None
    assert "NO SMOKE TEST: this machine has a GPU" in ran.result.summary
