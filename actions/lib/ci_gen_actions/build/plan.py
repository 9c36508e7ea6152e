"""From options and facts to the exact commands. Pure: reads no disk, clock or environment."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import CannotDecide, UsageError
from .arguments import architectures, check_arguments, defined, toolkit_folder
from .capacity import MEMORY_PER_NVCC
from .environment import cuda_prefix_maps, environment, prefix_maps
from .facts import Command, CudaChoice, Folders, Machine, Sources
from .options import Options

MEMORY_PER_JOB = 3 << 29
"""Bytes that one compiler of llama.cpp's larger files takes: 1.5 GiB; nvcc takes more."""

JUNIT_SINCE = (3, 21)
"""The first CMake whose ctest writes JUnit reports."""

_CMAKE_FLOOR = (3, 18)


def paths(options: Options, workspace: Path) -> Folders:
    """Where everything lies. Raises UsageError for a build folder that holds the sources."""
    name = f"{options.service}-{options.backend}"
    source = absolute(workspace, options.source)
    output = absolute(workspace, options.output_folder)
    build = absolute(workspace, options.build_folder or f".ci-gen-build/{name}")
    if build == source or build in source.parents or build in (workspace, *workspace.parents):
        raise UsageError(
            "the build folder holds the sources",
            where="input build-folder",
            why=f"{build} contains {source}, and a stale build folder is deleted",
            next="give a folder of its own, or leave the input empty",
        )
    junit = options.junit or str(output / f"junit-{package_name(options)}.xml")
    cache = absolute(workspace, options.cache_folder) if options.cache_folder else None
    return Folders(
        workspace=workspace,
        source=source,
        build=build,
        output=output,
        junit=absolute(workspace, junit),
        cache=cache,
    )


def absolute(base: Path, path: str) -> Path:
    """`path` seen from `base`, without `.` and `..`; links are not followed."""
    return Path(os.path.normpath(base / path))


def package_name(options: Options) -> str:
    """The package's file name without its suffix."""
    return options.package_name or f"{options.service}-{options.backend}"


def generator(options: Options, machine: Machine) -> str:
    """CMake's name of the generator. Raises CannotDecide where its tool is not installed."""
    if options.generator != "make" and machine.ninja:
        return "Ninja"
    if options.generator != "ninja" and machine.make:
        return "Unix Makefiles"
    wanted = "ninja or make" if options.generator == "auto" else options.generator
    raise CannotDecide(
        f"{wanted} is not installed",
        where="input generator",
        why="CMake needs it to run the compilers",
        next="apt-get install ninja-build, or dnf install ninja-build, or pip install ninja",
    )


def jobs(options: Options, machine: Machine) -> int:
    """How many compilers run at once."""
    if options.jobs != "auto":
        return int(options.jobs)
    if not machine.memory:
        return machine.cores
    each = MEMORY_PER_NVCC if options.backend == "cuda" else MEMORY_PER_JOB
    return max(1, min(machine.cores, machine.memory // each))


def use_ccache(options: Options, machine: Machine) -> bool:
    """Whether compilers run through ccache. Raises CannotDecide where it is demanded, missing."""
    if options.compiler_cache == "ccache" and not machine.ccache:
        raise CannotDecide(
            "ccache is not installed",
            where="input compiler-cache = ccache",
            next="apt-get install ccache, or set compiler-cache to auto to do without",
        )
    return options.compiler_cache != "none" and bool(machine.ccache)


def cuda_option(options: Options, sources: Sources) -> str:
    """The option that switches the sources to CUDA.

    Where none is at hand to read (FetchContent brings them later), today's name is taken;
    `check_cuda` tells afterwards whether anything listened to it.
    """
    if options.cuda_option != "auto":
        return options.cuda_option
    return sources.cuda_options[0] if sources.cuda_options else "GGML_CUDA"


def configure(
    options: Options,
    machine: Machine,
    sources: Sources,
    folders: Folders,
    environ: Mapping[str, str],
    cuda: CudaChoice | None = None,
) -> Command:
    """The configuration. `environ` gives the caller's own CFLAGS and the like, which stay.

    `cuda` is what was chosen for this machine; without it, what the options say.

    Raises UsageError for arguments that would make it something else, CannotDecide where a
    tool is missing.
    """
    require_cmake(machine)
    check_arguments(options.cmake_args)
    argv = [machine.cmake, "-S", str(folders.source), "-B", str(folders.build)]
    argv += ["-G", generator(options, machine), f"-DCMAKE_BUILD_TYPE={options.build_type}"]
    # a program in bin/ must find its libraries in the build folder and in the package alike
    argv += ["-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON", "-DCMAKE_BUILD_RPATH=$ORIGIN;$ORIGIN/../lib"]
    if use_ccache(options, machine):
        languages = ("C", "CXX", "CUDA") if options.backend == "cuda" else ("C", "CXX")
        argv += [f"-DCMAKE_{each}_COMPILER_LAUNCHER={machine.ccache}" for each in languages]
    elif options.compiler_cache == "none" and sources.llama:
        argv.append("-DGGML_CCACHE=OFF")
    given = defined(options.cmake_args)
    argv += [f"-D{each}=OFF" for each in sources.native_options if each not in given]
    if options.backend == "cuda":
        argv += _cuda(options, sources, cuda or _as_asked(options))
    argv += options.cmake_args
    cached = use_ccache(options, machine)
    maps = dict.fromkeys(("C", "CXX"), prefix_maps(machine, folders))
    if options.backend == "cuda":
        maps["CUDA"] = cuda_prefix_maps(machine, folders, cached=cached)
    argv += _mapped_flags(given, maps)
    changes = environment(
        machine,
        sources,
        folders,
        {**environ, "CCACHE_MAXSIZE": options.cache_size or environ.get("CCACHE_MAXSIZE", "")},
        cached=cached,
        forbid=options.compiler_cache == "none",
    )
    if maps.get("CUDA"):
        changes["CUDAFLAGS"] = " ".join(filter(None, (*maps["CUDA"], environ.get("CUDAFLAGS", ""))))
    return Command(argv=tuple(argv), environment=changes)


def _mapped_flags(given: Mapping[str, str], maps: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The user's own flags behind the prefix maps, whose place in the environment they take."""
    flags = {f"CMAKE_{language}_FLAGS": each for language, each in maps.items() if each}
    return [
        f"-D{name}={' '.join((*each, given[name]))}"
        for name, each in flags.items()
        if name in given
    ]


def require_cmake(machine: Machine) -> None:
    """Raises CannotDecide where cmake is missing or too old for the arguments used here."""
    install = "apt-get install cmake, or dnf install cmake, or pip install cmake"
    if not machine.cmake:
        raise CannotDecide("cmake is not installed", why="PATH has no cmake", next=install)
    if machine.cmake_version < _CMAKE_FLOOR:
        raise CannotDecide(
            f"cmake {version_text(machine.cmake_version)} is too old",
            where=machine.cmake,
            why=f"cmake {version_text(_CMAKE_FLOOR)} or newer is needed",
            next=install,
        )


def version_text(version: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


def _as_asked(options: Options) -> CudaChoice:
    root = toolkit_folder(options.toolkit)
    return CudaChoice(
        architectures=architectures(options.architectures),
        root=root,
        compiler=f"{root}/bin/nvcc" if root else "",
    )


def _cuda(options: Options, sources: Sources, cuda: CudaChoice) -> list[str]:
    argv = [f"-D{cuda_option(options, sources)}=ON"]
    chosen = {
        "CMAKE_CUDA_ARCHITECTURES": ";".join(cuda.architectures),
        "CUDAToolkit_ROOT": cuda.root,
        "CMAKE_CUDA_COMPILER": cuda.compiler,
        "CMAKE_CUDA_HOST_COMPILER": cuda.host_compiler,
    }
    return argv + [f"-D{name}={value}" for name, value in chosen.items() if value]


def build(options: Options, machine: Machine, folders: Folders) -> tuple[str, ...]:
    """The compilation."""
    argv = [machine.cmake, "--build", str(folders.build), "--parallel"]
    argv.append(str(jobs(options, machine)))
    if options.targets:
        argv += ["--target", *options.targets]
    return tuple(argv)


def ctest(options: Options, machine: Machine, folders: Folders) -> tuple[str, ...]:
    """The tests. Raises CannotDecide for a ctest without JUnit reports."""
    if machine.cmake_version < JUNIT_SINCE or not machine.ctest:
        raise CannotDecide(
            f"ctest {version_text(machine.cmake_version)} writes no JUnit report",
            where=machine.ctest or "ctest is not installed",
            why=f"--output-junit came with CMake {version_text(JUNIT_SINCE)}",
            next="pip install cmake for a newer one, or set ctest to false",
        )
    argv = [machine.ctest, "--test-dir", str(folders.build), "--output-on-failure"]
    argv += ["--no-tests=error", "--output-junit", str(folders.junit)]
    # one test at a time, as ctest itself does: tests may share a port or a file
    argv += ["--timeout", str(options.ctest_timeout)]
    for flag, expression in (("-R", options.ctest_include), ("-E", options.ctest_exclude)):
        argv += [flag, expression] if expression else []
    return tuple(argv)
