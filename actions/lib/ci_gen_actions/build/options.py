"""What the `build` action takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.options import option, output

NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
GIBIBYTES = r"auto|[0-9]{1,5}(\.[0-9]{1,3})?"


@dataclass(frozen=True, kw_only=True)
class Options:
    """Inputs of `build`. Folders are relative to the checkout unless absolute."""

    service: str = option(
        doc="The name of the service; part of the names of folders and of the package.",
        pattern=NAME,
    )
    source: str = option(doc="The folder of the project's CMakeLists.txt.", default=".")
    backend: str = option(
        doc="What llama.cpp computes on. `cuda` needs nvcc; the inputs that only it reads are "
        "architectures, toolkit, cuda-option, gpu-wait, gpu-lock-folder and smoke-*.",
        default="cpu",
        choices=("cpu", "cuda"),
    )
    architectures: tuple[str, ...] = option(
        doc="CMAKE_CUDA_ARCHITECTURES, e.g. `86` or `90a-real`; the project's choice where empty. "
        "`native` stands for the GPUs of this machine.",
        default=(),
        pattern=r"[0-9A-Za-z;,\s-]*",
    )
    toolkit: str = option(
        doc="The CUDA toolkit: a version such as `12.8` or `12`, or a folder; where empty, the "
        "one whose nvcc is on PATH, else `/usr/local/cuda`.",
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
        doc="Compilers at once; `auto` is the lesser of cores and memory / 1.5 GiB, of memory / "
        "3 GiB for CUDA.",
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
    cache_size: str = option(
        doc="How large ccache's folder may become, e.g. `5G`; where empty, CCACHE_MAXSIZE of the "
        "environment, else 2G.",
        default="",
        pattern=r"[0-9]{1,6}(\.[0-9]{1,3})?[kKMGT]i?",
    )
    cache_remote: str = option(
        doc="ccache's remote storage, as its manual writes remote_storage, e.g. "
        "`https://ci:password@cache.example.com/build`. Needs ccache 4.4.",
        default="",
        secret=True,
    )
    min_disk_gib: str = option(
        doc="GiB that must be free for the build folder; `auto` is 3 and 0.5 for each "
        "architecture for CUDA, 0 otherwise.",
        default="auto",
        pattern=GIBIBYTES,
    )
    min_memory_gib: str = option(
        doc="GiB of memory that the build must be allowed to use; `auto` is 3 for CUDA, 0 "
        "otherwise.",
        default="auto",
        pattern=GIBIBYTES,
    )
    gpu_wait: int = option(
        doc="Seconds to wait for a GPU that another job holds; then the verdict is ERROR.",
        default=3600,
        minimum=0,
    )
    gpu_lock_folder: str = option(
        doc="Where the locks of GPUs lie; the same folder for all jobs of a machine. Where "
        "empty, the first of `/run/lock`, `/var/tmp` and `/tmp` that everybody can write.",
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
    strip: bool = option(
        doc="Take the symbols for debuggers out of the package, into a package of their own. "
        "Needs objcopy; without it the package keeps them and the summary says so.",
        default=True,
    )
    smoke_model: str = option(
        doc="A small GGUF file on the runner. Where a CUDA build finds a GPU, llama-bench of the "
        "package computes with it, and the verdict is FAIL unless the GPU did the work.",
        default="",
    )
    smoke_command: tuple[str, ...] = option(
        doc="Another program of the package for that, with its arguments; it gets `-m` and "
        "smoke-model where that is set, and prints JSON as `llama-bench -o json` does.",
        default=(),
    )
    smoke_timeout: int = option(
        doc="Seconds that it may take; then the verdict is ERROR.", default=600, minimum=1
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
    debug_package: str = output(
        doc="The path of the package of debug symbols; empty where there is none.", default=""
    )
    manifest: str = output(doc="The path of the package's manifest.json.", default="")
    llama_build: str = output(
        doc="The llama.cpp in the package as /props of its server names it, such as "
        "`b4589-eb7cf15a`; empty where the package holds none.",
        default="",
    )
    tests: int = output(doc="How many tests there were.", default=0)
    failures: int = output(doc="How many tests failed.", default=0)
    verdict: str = output(doc="PASS, FAIL, NO_DATA or ERROR.", default="")
