"""Inputs and the exact commands that they give."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ci_gen_actions.build import plan
from ci_gen_actions.build.environment import passwords, remote_cache
from ci_gen_actions.build.facts import CudaChoice, Machine, Sources
from ci_gen_actions.build.options import Options
from ci_gen_actions.core.errors import CannotDecide, UsageError

W = Path("/w")
MACHINE = Machine(
    cmake="/bin/cmake",
    cmake_version=(3, 28, 1),
    ctest="/bin/ctest",
    ninja="/bin/ninja",
    make="/bin/make",
    ccache="/bin/ccache",
    cores=8,
    memory=32 << 30,
    maps_prefixes=True,
)
LLAMA = Sources(
    folder=W, llama=True, cuda_options=("GGML_CUDA",), native_options=("GGML_NATIVE",), time=7
)
PLAIN = Sources(folder=W)
START = ["/bin/cmake", "-S", "/w", "-B", "/w/.ci-gen-build/s-cpu", "-G", "Ninja"]
ALWAYS = ["-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON", "-DCMAKE_BUILD_RPATH=$ORIGIN;$ORIGIN/../lib"]
CCACHE = ["-DCMAKE_C_COMPILER_LAUNCHER=/bin/ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=/bin/ccache"]
MAPS = (
    "-ffile-prefix-map=/w=. -ffile-prefix-map=/w/.ci-gen-build/s-cpu=build "
    "-ffile-prefix-map=/w/.ci-gen-build/s-cpu/= -ffile-prefix-map=../..=."
)


def configure(machine: Machine = MACHINE, sources: Sources = PLAIN, **options: Any) -> list[str]:
    given = Options(service="s", **options)
    return list(plan.configure(given, machine, sources, plan.paths(given, W), {}).argv)


@pytest.mark.parametrize(
    ("options", "sources", "expected"),
    [
        ({}, PLAIN, [*START, "-DCMAKE_BUILD_TYPE=Release", *ALWAYS, *CCACHE]),
        (
            {"compiler_cache": "none", "build_type": "Debug"},
            PLAIN,
            [*START, "-DCMAKE_BUILD_TYPE=Debug", *ALWAYS],
        ),
        (
            {"compiler_cache": "none"},
            LLAMA,
            [
                *START,
                "-DCMAKE_BUILD_TYPE=Release",
                *ALWAYS,
                "-DGGML_CCACHE=OFF",
                "-DGGML_NATIVE=OFF",
            ],
        ),
        (
            {"cmake_args": ("-DGGML_NATIVE:BOOL=ON", "-D", "X=a b;$(id)")},
            LLAMA,
            [
                *START,
                "-DCMAKE_BUILD_TYPE=Release",
                *ALWAYS,
                *CCACHE,
                "-DGGML_NATIVE:BOOL=ON",
                "-D",
                "X=a b;$(id)",
            ],
        ),
        (
            {"cmake_args": ("-DCMAKE_C_FLAGS=-g -O1",)},
            PLAIN,
            [
                *START,
                "-DCMAKE_BUILD_TYPE=Release",
                *ALWAYS,
                *CCACHE,
                "-DCMAKE_C_FLAGS=-g -O1",
                f"-DCMAKE_C_FLAGS={MAPS} -g -O1",
            ],
        ),
        (
            {
                "source": "app",
                "generator": "make",
                "build_folder": "/b",
                "compiler_cache": "none",
            },
            PLAIN,
            [
                "/bin/cmake",
                *("-S", "/w/app", "-B", "/b", "-G", "Unix Makefiles"),
                "-DCMAKE_BUILD_TYPE=Release",
                *ALWAYS,
            ],
        ),
    ],
)
def test_configuration(options: dict[str, Any], sources: Sources, expected: list[str]) -> None:
    assert configure(sources=sources, **options) == expected


@pytest.mark.parametrize(
    ("options", "sources", "expected"),
    [
        ({}, LLAMA, ["-DGGML_CUDA=ON"]),
        ({}, PLAIN, ["-DGGML_CUDA=ON"]),
        ({"cuda_option": "LLAMA_CUBLAS"}, LLAMA, ["-DLLAMA_CUBLAS=ON"]),
        (
            {"architectures": ("80;86", "90a-real, 120"), "toolkit": "12.8"},
            dataclasses.replace(LLAMA, cuda_options=("LLAMA_CUDA", "LLAMA_CUBLAS")),
            [
                "-DLLAMA_CUDA=ON",
                "-DCMAKE_CUDA_ARCHITECTURES=80;86;90a-real;120",
                "-DCUDAToolkit_ROOT=/usr/local/cuda-12.8",
                "-DCMAKE_CUDA_COMPILER=/usr/local/cuda-12.8/bin/nvcc",
            ],
        ),
        (
            {"toolkit": "/opt/cuda/"},
            LLAMA,
            [
                "-DGGML_CUDA=ON",
                "-DCUDAToolkit_ROOT=/opt/cuda",
                "-DCMAKE_CUDA_COMPILER=/opt/cuda/bin/nvcc",
            ],
        ),
    ],
)
def test_cuda(options: dict[str, Any], sources: Sources, expected: list[str]) -> None:
    argv = configure(sources=sources, backend="cuda", **options)
    assert "-DCMAKE_CUDA_COMPILER_LAUNCHER=/bin/ccache" in argv
    native = ["-DGGML_NATIVE=OFF"] if sources.llama else []
    assert argv[argv.index("-DCMAKE_CUDA_COMPILER_LAUNCHER=/bin/ccache") + 1 :] == [
        *native,
        *expected,
    ]


def test_a_cpu_build_gets_no_cuda_argument() -> None:
    argv = configure(sources=LLAMA, architectures=("86",), toolkit="12.8")
    assert not any("CUDA" in word for word in argv)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("cmake_args", ("-S", "/etc")),
        ("cmake_args", ("-B/tmp",)),
        ("cmake_args", ("--build", "x")),
        ("cmake_args", ("-P", "x.cmake")),
        ("cmake_args", ("other/folder",)),
        ("cmake_args", ("-GNinja",)),
        ("architectures", ("86;bad",)),
        ("toolkit", "12.8; rm -rf /"),
        ("toolkit", "relative/folder"),
        ("build_folder", "."),
        ("build_folder", "app/.."),
        ("build_folder", "/"),
    ],
)
def test_refuses(option: str, value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        configure(backend="cuda", **{option: value})
    assert option.replace("_", "-") in caught.value.where
    assert caught.value.next


@pytest.mark.parametrize(
    ("change", "options", "what"),
    [
        ({"cmake": "", "cmake_version": ()}, {}, "cmake is not installed"),
        ({"cmake_version": (3, 10)}, {}, "too old"),
        ({"ninja": "", "make": ""}, {}, "ninja or make is not installed"),
        ({"ninja": ""}, {"generator": "ninja"}, "ninja is not installed"),
        ({"make": ""}, {"generator": "make"}, "make is not installed"),
        ({"ccache": ""}, {"compiler_cache": "ccache"}, "ccache is not installed"),
    ],
)
def test_missing_tools_say_what_to_install(
    change: dict[str, Any], options: dict[str, Any], what: str
) -> None:
    with pytest.raises(CannotDecide, match=what) as caught:
        configure(dataclasses.replace(MACHINE, **change), **options)
    assert "install" in caught.value.next


def test_without_ninja_make_runs_and_without_ccache_none() -> None:
    argv = configure(dataclasses.replace(MACHINE, ninja="", ccache=""))
    assert "Unix Makefiles" in argv
    assert not any("LAUNCHER" in word for word in argv)


@pytest.mark.parametrize(
    ("jobs", "cores", "gib", "expected"),
    [("auto", 8, 32, 8), ("auto", 16, 6, 4), ("auto", 4, 1, 1), ("auto", 3, 0, 3), ("7", 2, 1, 7)],
)
def test_jobs(jobs: str, cores: int, gib: int, expected: int) -> None:
    machine = dataclasses.replace(MACHINE, cores=cores, memory=gib << 30)
    assert plan.jobs(Options(service="s", jobs=jobs), machine) == expected


@pytest.mark.parametrize(
    ("jobs", "cores", "gib", "expected"),
    [("auto", 16, 32, 10), ("auto", 16, 2, 1), ("auto", 2, 32, 2), ("7", 2, 1, 7)],
)
def test_jobs_of_nvcc_take_more_memory(jobs: str, cores: int, gib: int, expected: int) -> None:
    machine = dataclasses.replace(MACHINE, cores=cores, memory=gib << 30)
    assert plan.jobs(Options(service="s", jobs=jobs, backend="cuda"), machine) == expected


def test_what_was_chosen_for_cuda_is_passed() -> None:
    options = Options(service="s", backend="cuda", architectures=("native",), toolkit="12")
    chosen = CudaChoice(
        architectures=("80-real", "86-real"),
        root="/opt/cuda",
        compiler="/opt/cuda/bin/nvcc",
        host_compiler="/usr/bin/g++-12",
    )
    argv = plan.configure(options, MACHINE, LLAMA, plan.paths(options, W), {}, chosen).argv
    assert argv[-5:] == (
        "-DGGML_CUDA=ON",
        "-DCMAKE_CUDA_ARCHITECTURES=80-real;86-real",
        "-DCUDAToolkit_ROOT=/opt/cuda",
        "-DCMAKE_CUDA_COMPILER=/opt/cuda/bin/nvcc",
        "-DCMAKE_CUDA_HOST_COMPILER=/usr/bin/g++-12",
    )
    nothing = plan.configure(options, MACHINE, LLAMA, plan.paths(options, W), {}, CudaChoice())
    assert nothing.argv[-1] == "-DGGML_CUDA=ON"


def test_build_and_tests() -> None:
    options = Options(
        service="s",
        targets=("llama-server", "a"),
        jobs="3",
        ctest_include="^a b$",
        ctest_exclude="slow|$(id)",
        ctest_timeout=9,
        junit="out/x.xml",
    )
    folders = plan.paths(options, W)
    assert plan.build(options, MACHINE, folders) == (
        *("/bin/cmake", "--build", "/w/.ci-gen-build/s-cpu", "--parallel", "3"),
        *("--target", "llama-server", "a"),
    )
    assert plan.ctest(options, MACHINE, folders) == (
        *("/bin/ctest", "--test-dir", "/w/.ci-gen-build/s-cpu", "--output-on-failure"),
        *("--no-tests=error", "--output-junit", "/w/out/x.xml", "--timeout", "9"),
        *("-R", "^a b$", "-E", "slow|$(id)"),
    )


def test_ctest_without_junit_is_named() -> None:
    options = Options(service="s")
    old = dataclasses.replace(MACHINE, cmake_version=(3, 20, 2))
    with pytest.raises(CannotDecide, match=r"3\.20\.2 writes no JUnit"):
        plan.ctest(options, old, plan.paths(options, W))


def test_environment() -> None:
    options = Options(service="s", cache_folder="c")
    folders = plan.paths(options, W)
    command = plan.configure(options, MACHINE, LLAMA, folders, {"CFLAGS": "-g"})
    assert command.environment == {
        "SOURCE_DATE_EPOCH": "7",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": "/w/.ci-gen-build/s-cpu/.ci-gen-tmp",
        "CCACHE_BASEDIR": "/w",
        "CCACHE_NOHASHDIR": "1",
        "CCACHE_COMPILERCHECK": "content",
        "CCACHE_STATSLOG": "/w/.ci-gen-build/s-cpu/.ci-gen-ccache.log",
        "CCACHE_MAXSIZE": "2G",
        "CCACHE_DIR": "/w/c",
        "CFLAGS": f"{MAPS} -g",
        "CXXFLAGS": MAPS,
    }


def test_environment_of_a_build_outside_of_the_workspace() -> None:
    options = Options(service="s", build_folder="/b", source="app")
    environ = {"CCACHE_MAXSIZE": "9G"}
    command = plan.configure(options, MACHINE, PLAIN, plan.paths(options, W), environ)
    assert command.environment["CCACHE_BASEDIR"] == "/w/app"
    assert command.environment["CCACHE_MAXSIZE"] == "9G"
    assert "CCACHE_DIR" not in command.environment


def test_the_cache_has_the_size_that_was_asked_for() -> None:
    options = Options(service="s", cache_size="5G")
    environ = {"CCACHE_MAXSIZE": "9G"}
    command = plan.configure(options, MACHINE, PLAIN, plan.paths(options, W), environ)
    assert command.environment["CCACHE_MAXSIZE"] == "5G"


def test_a_remote_cache_is_in_no_command() -> None:
    remote = "https://ci:hunter2@cache.example.com/x|layout=bazel redis://:pass@host|bearer-token=t"
    options = Options(service="s", cache_remote=remote)
    command = plan.configure(options, MACHINE, PLAIN, plan.paths(options, W), {})
    assert "hunter2" not in repr(command)
    assert remote_cache(remote)["CCACHE_REMOTE_STORAGE"] == remote
    assert remote_cache("") == {}
    assert passwords(remote) == ("hunter2", "pass", "t")


@pytest.mark.parametrize(
    ("machine", "workspace"),
    [(dataclasses.replace(MACHINE, maps_prefixes=False), W), (MACHINE, Path("/w $(id)/x"))],
)
def test_no_prefix_map_where_it_would_break_the_build(machine: Machine, workspace: Path) -> None:
    options = Options(service="s", compiler_cache="none", cmake_args=("-DCMAKE_C_FLAGS=-g",))
    command = plan.configure(options, machine, PLAIN, plan.paths(options, workspace), {})
    assert set(command.environment) == {
        "SOURCE_DATE_EPOCH",
        "LC_ALL",
        "TMPDIR",
        "CCACHE_DISABLE",
    }
    assert command.argv[-1] == "-DCMAKE_C_FLAGS=-g"


def test_nvcc_maps_prefixes_without_keeping_caches_apart() -> None:
    def flags(environ: dict[str, str], **more: Any) -> tuple[str, str]:
        options = Options(service="s", backend="cuda", **more)
        command = plan.configure(options, MACHINE, LLAMA, plan.paths(options, W), environ)
        return command.environment["CUDAFLAGS"], command.argv[-1]

    assert flags({"CUDAFLAGS": "-O2"})[0] == "-Xcompiler=-ffile-prefix-map=../..=. -O2"
    # an absolute path in it would be part of what ccache looks results up by
    assert "/w" not in flags({})[0]
    assert "-Xcompiler=-ffile-prefix-map=/w=." in flags({}, compiler_cache="none")[0]
    given = "-DCMAKE_CUDA_FLAGS=--use_fast_math"
    last = flags({}, cmake_args=(given,))[1]
    assert last == "-DCMAKE_CUDA_FLAGS=-Xcompiler=-ffile-prefix-map=../..=. --use_fast_math"


def test_folders() -> None:
    options = Options(service="s", backend="cuda", output_folder="o", package_name="p")
    folders = plan.paths(options, W)
    assert folders.build == Path("/w/.ci-gen-build/s-cuda")
    assert folders.junit == Path("/w/o/junit-p.xml")
    assert plan.package_name(options) == "p"
    assert plan.package_name(Options(service="s")) == "s-cpu"
