"""What is built, tested and packaged."""

from __future__ import annotations

from dataclasses import dataclass

from ci_gen.config.choices import BuildType, Generator
from ci_gen.config.limits import ARGUMENT, LABEL, ONE_LINE, REPOSITORY_GLOB, REPOSITORY_PATH, SLUG
from ci_gen.config.option import Limits, option
from ci_gen.detect.model import CudaOption, PackageManager, ProjectKind


@dataclass(frozen=True, kw_only=True)
class Ctest:
    """A service's ctest suite."""

    enabled: bool | None = option(
        default=None,
        doc="Run ctest after the build. Detected from enable_testing() and add_test().",
    )
    include: str = option(
        default="",
        limits=ONE_LINE,
        example="^unit-",
        doc="Run the tests whose names match this regular expression.",
    )
    exclude: str = option(
        default="",
        limits=ONE_LINE,
        doc="Leave out the tests whose names match this regular expression.",
    )
    timeout_seconds: int = option(
        default=600, limits=Limits(minimum=1, maximum=86400), doc="Time limit of one test."
    )


@dataclass(frozen=True, kw_only=True)
class Pytest:
    """A service's pytest suites."""

    unit: tuple[str, ...] | None = option(
        default=None,
        limits=REPOSITORY_PATH,
        doc="Tests that need no built package; they run beside the build. Detected.",
    )
    integration: tuple[str, ...] | None = option(
        default=None,
        limits=REPOSITORY_PATH,
        doc="Tests that run against the built package. Detected.",
    )
    args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        example=["-m", "not slow"],
        doc="Further arguments of pytest, one an item.",
    )
    manager: PackageManager | None = option(
        default=None, doc="What installs the test dependencies. Detected."
    )
    requirements: tuple[str, ...] | None = option(
        default=None,
        limits=REPOSITORY_PATH,
        doc="Requirements files to install, where the manager is pip. Detected.",
    )
    extras: tuple[str, ...] | None = option(
        default=None,
        limits=LABEL,
        doc="Optional dependencies that carry the test tools. Detected.",
    )
    groups: tuple[str, ...] | None = option(
        default=None, limits=LABEL, doc="Dependency groups that carry the test tools. Detected."
    )


@dataclass(frozen=True, kw_only=True)
class Service:
    """One thing that the pipeline builds, tests and packages."""

    name: str = option(
        limits=SLUG,
        doc="Part of the names of its jobs and packages: a promise to whoever requires them.",
    )
    path: str = option(
        default=".",
        limits=REPOSITORY_PATH,
        doc="The folder of its CMakeLists.txt or Python project.",
    )
    kind: ProjectKind | None = option(default=None, doc="What builds it. Detected.")
    build_type: BuildType = option(default=BuildType.RELEASE, doc="CMAKE_BUILD_TYPE.")
    generator: Generator = option(
        default=Generator.AUTO, doc="CMake's generator; auto takes ninja where it is installed."
    )
    cmake_args: tuple[str, ...] = option(
        default=(),
        limits=ARGUMENT,
        example=["-DLLAMA_CURL=OFF"],
        doc="Further arguments of cmake's configuration, one an item.",
    )
    targets: tuple[str, ...] = option(
        default=(),
        limits=Limits(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", hint="a CMake target"),
        example=["llama-server"],
        doc="Targets to build; all where empty.",
    )
    package_paths: tuple[str, ...] = option(
        default=(),
        limits=REPOSITORY_GLOB,
        example=["bin/llama-server"],
        doc="What the package holds, "
        "relative to the build folder; executables and shared libraries where empty.",
    )
    cuda: bool = option(default=True, doc="Build the CUDA variants of it, where cuda.enabled.")
    cuda_option: CudaOption | None = option(
        default=None, doc="The CMake option that switches CUDA on in this llama.cpp. Detected."
    )
    ctest: Ctest = option(factory=Ctest, doc="Its ctest suite.")
    pytest: Pytest = option(factory=Pytest, doc="Its pytest suites.")
