"""What the `build` action takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `build`. Folders are relative to the checkout unless absolute."""

    service: str = option(
        doc="The name of the service; part of the names of folders and of the package.",
        pattern=NAME,
    )
    source: str = option(doc="The folder of the project's CMakeLists.txt.", default=".")
    backend: str = option(
        doc="What llama.cpp computes on. `cuda` needs nvcc and passes the three inputs below.",
        default="cpu",
        choices=("cpu", "cuda"),
    )
    architectures: tuple[str, ...] = option(
        doc="CMAKE_CUDA_ARCHITECTURES, e.g. `86` or `90a-real`; CMake's choice where empty.",
        default=(),
        pattern=r"[0-9A-Za-z;,\s-]*",
    )
    toolkit: str = option(
        doc="The CUDA toolkit: a version such as `12.8` (`/usr/local/cuda-12.8`) or a folder; "
        "the one that CMake finds where empty.",
        default="",
    )
    cuda_option: str = option(
        doc="The CMake option that switches this llama.cpp to CUDA. `auto` reads which one "
        "its CMake files define.",
        default="auto",
        choices=("auto", "GGML_CUDA", "LLAMA_CUDA", "LLAMA_CUBLAS"),
    )
    cmake_args: tuple[str, ...] = option(
        doc="Further arguments of the configuration. They come last and win.",
        default=(),
    )
    targets: tuple[str, ...] = option(
        doc="Targets to build; all where empty.",
        default=(),
        pattern=r"[A-Za-z0-9_][A-Za-z0-9_.+:/-]*",
    )
    build_type: str = option(
        doc="CMAKE_BUILD_TYPE.", default="Release", pattern=r"[A-Za-z][A-Za-z0-9_]*"
    )
    generator: str = option(
        doc="CMake's generator; `auto` takes ninja where it is installed.",
        default="auto",
        choices=("auto", "ninja", "make"),
    )
    jobs: str = option(
        doc="Compilers at once; `auto` is the lesser of cores and memory / 1.5 GiB.",
        default="auto",
        pattern=r"auto|[1-9][0-9]{0,3}",
    )
    timeout: int = option(
        doc="Seconds that configuration, build and tests may take, each; then the verdict is "
        "ERROR.",
        default=14400,
        minimum=1,
    )
    ctest: bool = option(doc="Run the project's ctest suite after the build.", default=True)
    ctest_include: str = option(
        doc="Run only the tests whose name matches this regular expression.", default=""
    )
    ctest_exclude: str = option(
        doc="Leave out the tests whose name matches this regular expression.", default=""
    )
    ctest_timeout: int = option(
        doc="Seconds that one test may take; then it has failed.", default=600, minimum=1
    )
    compiler_cache: str = option(
        doc="`auto` compiles through ccache where it is installed, `ccache` insists on it.",
        default="auto",
        choices=("auto", "ccache", "none"),
    )
    cache_folder: str = option(
        doc="ccache's folder, the one to keep between runs; ccache's own choice where empty.",
        default="",
    )
    build_folder: str = option(
        doc="Where to build; `.ci-gen-build/<service>-<backend>` where empty.", default=""
    )
    output_folder: str = option(
        doc="Where the package and its manifest are written.", default="dist"
    )
    package_name: str = option(
        doc="The package's name without `.tar.gz`; `<service>-<backend>` where empty.",
        default="",
        pattern=NAME,
    )
    package_paths: tuple[str, ...] = option(
        doc="Globs relative to the build folder: what the package holds, each file "
        "under its own path. Executables as `bin/` and shared libraries as `lib/` where empty.",
        default=(),
    )
    junit: str = option(
        doc="Where ctest's JUnit report is written; "
        "`<output-folder>/junit-<package name>.xml` where empty.",
        default="",
    )
    evidence_name: str = option(
        doc="The name of the evidence file, without .json.", default="build", pattern=NAME
    )


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of `build`; empty where the action did not come so far."""

    package: str = output(doc="The path of the package, a .tar.gz.", default="")
    package_sha256: str = output(doc="The package's SHA-256, 64 hex digits.", default="")
    manifest: str = output(doc="The path of the package's manifest.json.", default="")
    tests: int = output(doc="How many tests there were.", default=0)
    failures: int = output(doc="How many tests failed.", default=0)
    verdict: str = output(doc="PASS, FAIL, NO_DATA or ERROR.", default="")
