"""Facts of a few typical repositories, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ci_gen.detect.model import (
    CudaOption,
    Facts,
    Llama,
    LlamaOrigin,
    PackageManager,
    Platform,
    Project,
    ProjectKind,
    PytestSuite,
    PythonProject,
    Remote,
    Seen,
    SuiteKind,
    Visibility,
)


def cmake_project(name: str = "llama-service", path: str = ".") -> Project:
    return Project(
        name=name,
        path=path,
        kind=ProjectKind.CMAKE,
        llama=Llama(
            origin=LlamaOrigin.SUBMODULE,
            path="vendor/llama.cpp",
            cuda_option=CudaOption.GGML_CUDA,
            seen=Seen(".gitmodules", 1),
        ),
        ctest=Seen("CMakeLists.txt", 12),
        pytest=(
            PytestSuite(
                path="tests/integration",
                kind=SuiteKind.INTEGRATION,
                seen=Seen("tests/integration/test_server.py", 1),
            ),
        ),
        python=None,
        seen=Seen("CMakeLists.txt", 3),
    )


def python_project(name: str = "answers", path: str = ".") -> Project:
    return Project(
        name=name,
        path=path,
        kind=ProjectKind.PYTHON,
        llama=Llama(
            origin=LlamaOrigin.PYTHON_PACKAGE,
            path="",
            cuda_option=None,
            seen=Seen("pyproject.toml", 9),
        ),
        ctest=None,
        pytest=(
            PytestSuite(
                path="tests/unit", kind=SuiteKind.UNIT, seen=Seen("tests/unit/test_a.py", 1)
            ),
            PytestSuite(
                path="tests/integration",
                kind=SuiteKind.INTEGRATION,
                seen=Seen("tests/integration/test_b.py", 1),
            ),
        ),
        python=PythonProject(
            path=path,
            manager=PackageManager.PIP,
            manifest="pyproject.toml",
            lock="",
            requirements=("requirements.txt",),
            extras=("test",),
            groups=(),
            requires_python=">=3.10",
            packaged=True,
            seen=Seen("pyproject.toml", 1),
        ),
        seen=Seen("pyproject.toml", 1),
    )


def facts(*projects: Project, submodules: tuple[str, ...] = ()) -> Facts:
    return Facts(
        name="llama-service",
        default_branch="main",
        remotes=(
            Remote(
                name="origin",
                url="https://github.com/acme/llama-service",
                slug="acme/llama-service",
                platform=Platform.GITHUB,
            ),
        ),
        visibility=Visibility.UNKNOWN,
        visibility_seen=None,
        projects=projects or (cmake_project(),),
        submodules=submodules,
        dockerfiles=(),
        manifests=(),
        workflows=(),
        gitlab_ci=(),
        models=(),
        notes=(),
    )


REPOSITORIES: Mapping[str, Facts] = {
    "cmake": facts(cmake_project(), submodules=("vendor/llama.cpp",)),
    "python": facts(python_project()),
    "several": replace(
        facts(
            cmake_project(),
            cmake_project("embeddings", "services/embeddings"),
            python_project("answers", "services/it's $here"),
        ),
        dockerfiles=(Seen("Dockerfile"), Seen("docker/a b/Dockerfile.gpu"), Seen("$x/Dockerfile")),
    ),
}
"""Repositories of different shapes: a CMake service, a Python one, three with Dockerfiles."""
