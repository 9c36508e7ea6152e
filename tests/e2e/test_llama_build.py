"""llama.cpp's own tree through the action `build`: compiled, its tests chosen, packed."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.action_runs import Ran, missing_tool
from tests.support.llama_package import (
    build_llama,
    clone,
    llama_sources,
    server_package,
    smollm2,
)

from ci_gen_actions.build import cuda_binaries, elf, smoke
from ci_gen_actions.build.stop import Stop
from ci_gen_actions.core import junit
from ci_gen_actions.core.archive import unpack_tar_gz
from ci_gen_actions.core.github import GitHub

SHORT = ("-p", "8", "-n", "4", "-r", "1", "-o", "json")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(missing_tool() != "", reason=missing_tool()),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The tree's clone and its build for the CPU."""
    sources = clone(llama_sources(), tmp_path_factory.mktemp("llama"))
    return sources, build_llama(sources)


@pytest.fixture(scope="module")
def package(built: tuple[Path, Ran], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked package, after the build folder is gone."""
    sources, ran = built
    assert ran.verdict == "PASS", ran.log[-20_000:]
    folder = tmp_path_factory.mktemp("unpacked") / "package"
    unpack_tar_gz(sources.parent / ran.outputs.package, folder)
    shutil.rmtree(sources.parent / ".ci-gen-build")
    return folder


def test_the_chosen_tests_ran(built: tuple[Path, Ran]) -> None:
    sources, ran = built
    assert (ran.verdict, ran.status) == ("PASS", 0), ran.log[-20_000:]
    report = junit.read(sources.parent / "dist/junit-llama-cpu.xml")
    assert (report.tests, report.skipped, report.failed) == (3, 0, ())
    text = (sources.parent / "dist/junit-llama-cpu.xml").read_text()
    for name in ("test-grammar-parser", "test-tokenizer-0-llama-spm", "test-tokenizer-0-qwen2"):
        assert f'name="{name}"' in text


def test_the_package_holds_server_and_libraries(package: Path) -> None:
    assert {"llama-server", "llama-bench"} <= {path.name for path in (package / "bin").iterdir()}
    for path in [*package.glob("bin/llama-*"), *package.glob("lib/*.so")]:
        assert ".symtab" not in elf.sections(path)
    manifest = json.loads((package / "manifest.json").read_text())
    assert (manifest["stripped"], manifest["architectures"]) == (True, {})
    assert not [name for name in manifest["system-libraries"] if "ggml" in name or "llama" in name]
    # The package runs on machines that are not the one that built it.
    assert "-DGGML_NATIVE=OFF" in manifest["arguments"]


def test_the_manifest_names_the_build_as_the_server_does(
    built: tuple[Path, Ran], package: Path
) -> None:
    sources, ran = built
    short = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=sources,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert ran.outputs.llama_build == f"b1-{short}"
    assert json.loads((package / "manifest.json").read_text())["llama-build"] == f"b1-{short}"
    bench = subprocess.run(
        [package / "bin/llama-bench", "-m", smollm2(), *SHORT],
        capture_output=True,
        text=True,
        check=True,
    )
    (first, *_) = json.loads(bench.stdout)
    assert f"b{first['build_number']}-{first['build_commit']}" == f"b1-{short}"
    assert first["backends"] == "CPU"


def test_it_is_the_package_that_other_tests_use(built: tuple[Path, Ran], tmp_path: Path) -> None:
    """Made in another folder and perhaps on another day: the same sources, the same bytes."""
    _, ran = built
    unpack_tar_gz(server_package(), tmp_path / "kept")
    kept = json.loads((tmp_path / "kept/manifest.json").read_text())
    assert kept["commit"] == ran.findings["manifest"]["commit"]
    if kept["tools"] != ran.findings["manifest"]["tools"]:
        pytest.skip("the kept one was made with other compilers")
    assert kept["files"] == ran.findings["manifest"]["files"]


def test_a_cpu_package_is_no_cuda_package(package: Path) -> None:
    """The smoke test of CUDA builds, with a llama-bench that really computes on the CPU."""
    ci = GitHub({}, log=io.BytesIO(), out=io.BytesIO())
    argv = smoke.command(package, str(smollm2()), (), package)
    with pytest.raises(Stop, match="computes on CPU, not on CUDA") as stop:
        smoke.run(argv, ci, os.environ, 600)
    assert stop.value.verdict.value == "FAIL"


@pytest.mark.skipif(
    not os.environ.get("CI_GEN_TEST_LLAMA_CUDA"),
    reason="18 minutes on two cores; CI_GEN_TEST_LLAMA_CUDA=<folder of a CUDA toolkit> starts it",
)
def test_the_cuda_backend_for_one_architecture(tmp_path: Path) -> None:
    """Compiled and linked. Nothing runs it here: that takes a GPU."""
    sources = clone(llama_sources(), tmp_path)
    ran = build_llama(
        sources,
        targets=("llama-server", "llama-bench", "test-grammar-parser"),
        backend="cuda",
        toolkit=os.environ["CI_GEN_TEST_LLAMA_CUDA"],
        architectures=("80-real",),
        jobs=os.environ.get("CI_GEN_TEST_JOBS", "auto"),
        cmake_args=(
            "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
            "-DLLAMA_OPENSSL=OFF",
            "-DLLAMA_BUILD_UI=OFF",
            "-DLLAMA_USE_PREBUILT_UI=OFF",
            # The driver's library is no part of the toolkit, and no machine without a GPU has it.
            "-DGGML_CUDA_NO_VMM=ON",
            "-DGGML_CUDA_NCCL=OFF",
            "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--allow-shlib-undefined",
        ),
        ctest=False,
    )
    assert ran.verdict == "PASS", ran.log[-20_000:]
    found = ran.findings["manifest"]["architectures"]
    assert list(found.values()) == [{"sass": ["80"], "ptx": []}], found
    assert ran.outputs.llama_build.startswith("b1-")
    library = next((tmp_path / ".ci-gen-build").rglob("libggml-cuda.so*"))
    code = cuda_binaries.read(library, *elf.sections(library)[".nv_fatbin"])
    assert code is not None
    assert code.sass == {"80"}
