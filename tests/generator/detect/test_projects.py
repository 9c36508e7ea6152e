from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.detect.folders import (
    GGML,
    LLAMA,
    SERVICE,
    SUBMODULE,
    TEST,
    facts_of,
    project_of,
)

from ci_gen.detect.model import (
    CudaOption,
    LlamaOrigin,
    PackageManager,
    ProjectKind,
    Seen,
    SuiteKind,
)

PYPROJECT = '[project]\nname = "a"\n[build-system]\nbuild-backend = "hatchling.build"\n'
STARTS = "import subprocess\nsubprocess.run(['x'])\n"


def test_a_cmake_service_with_python_tests(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": SERVICE + "enable_testing()\nadd_subdirectory(tests)\n",
        "tests/CMakeLists.txt": "add_test(NAME t COMMAND t)\n",
        ".gitmodules": SUBMODULE,
        "tests/integration/test_server.py": TEST,
        "tests/test_config.py": TEST,
        "tests/requirements.txt": "pytest\n",
    }
    project = project_of(tmp_path, files)
    assert project.kind is ProjectKind.CMAKE
    assert project.path == "."
    assert project.llama is not None
    assert project.llama.origin is LlamaOrigin.SUBMODULE
    assert project.ctest == Seen("CMakeLists.txt", 4)
    assert [(suite.path, suite.kind) for suite in project.pytest] == [
        ("tests", SuiteKind.UNIT),
        ("tests/integration", SuiteKind.INTEGRATION),
    ]
    assert project.python is not None
    assert project.python.requirements == ("tests/requirements.txt",)


def test_python_tests_that_start_binaries_come_after_the_build(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": SERVICE, "tests/test_a.py": STARTS + TEST}
    project = project_of(tmp_path, files)
    assert [suite.kind for suite in project.pytest] == [SuiteKind.INTEGRATION]
    assert project.python is not None
    assert project.python.manifest == ""
    assert project.python.manager is PackageManager.PIP
    assert project.python.seen == Seen("tests/test_a.py", 3)


def test_unit_tests_beside_integration_tests_do_not_wait_for_the_build(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": SERVICE,
        "tests/unit/test_a.py": TEST,
        "tests/integration/test_b.py": STARTS + TEST,
    }
    project = project_of(tmp_path, files)
    assert [(suite.path, suite.kind) for suite in project.pytest] == [
        ("tests", SuiteKind.UNIT),
        ("tests/integration", SuiteKind.INTEGRATION),
    ]


def test_a_python_service_may_start_processes_in_unit_tests(tmp_path: Path) -> None:
    files = {"pyproject.toml": PYPROJECT, "tests/test_a.py": STARTS + TEST}
    assert [suite.kind for suite in project_of(tmp_path, files).pytest] == [SuiteKind.UNIT]


def test_a_cmake_project_without_python_tests_has_no_python(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": SERVICE, "requirements.txt": "numpy\n"}
    assert project_of(tmp_path, files).python is None


def test_llama_cpp_itself_owns_its_tests_but_not_its_packages(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": LLAMA,
        "ggml/CMakeLists.txt": GGML,
        "pyproject.toml": "[tool.poetry]\nname = 'scripts'\n",
        "requirements.txt": "llama-cpp-python\n",
        "gguf-py/pyproject.toml": PYPROJECT,
        "gguf-py/tests/test_a.py": TEST,
        "tools/server/tests/requirements.txt": "pytest\n",
        "tools/server/tests/unit/test_a.py": TEST,
        "tools/server/tests/utils.py": "PATH = 'build/bin/llama-server'\n",
    }
    facts = facts_of(tmp_path, files)
    (project,) = facts.projects
    assert [(suite.path, suite.kind) for suite in project.pytest] == [
        ("tools/server/tests", SuiteKind.INTEGRATION)
    ]
    assert project.python is not None
    assert project.python.path == "tools/server/tests"
    assert any("gguf-py" in note for note in facts.notes)


def test_vendored_llama_cpp_keeps_its_tests_to_itself(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": SERVICE,
        "llama.cpp/CMakeLists.txt": LLAMA + "enable_testing()\nadd_test(t)\n",
        "llama.cpp/gguf-py/tests/test_a.py": TEST,
        "llama.cpp/gguf-py/pyproject.toml": PYPROJECT,
    }
    project = project_of(tmp_path, files)
    assert project.llama is not None
    assert (project.llama.origin, project.llama.path) == (LlamaOrigin.VENDORED, "llama.cpp")
    assert (project.ctest, project.pytest) == (None, ())


def test_where_only_llama_cpp_has_cmake_it_is_built(tmp_path: Path) -> None:
    files = {
        "main.go": "package main\n",
        "third_party/llama.cpp/CMakeLists.txt": LLAMA + "option(LLAMA_CUDA)\n",
        "tests/e2e/test_a.py": TEST,
        "requirements.txt": "pytest\n",
    }
    project = project_of(tmp_path, files)
    assert (project.name, project.path) == ("llama-cpp", "third_party/llama.cpp")
    assert project.llama is not None
    assert project.llama.cuda_option is CudaOption.LLAMA_CUDA
    assert [suite.path for suite in project.pytest] == ["tests"]
    assert project.python is not None
    assert project.python.path == "."


def test_a_copy_without_its_cmake_file_is_noted(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, {"llama.cpp/include/llama.h": "", "llama.cpp/src/llama.cpp": ""})
    assert facts.projects == ()
    assert facts.notes == (
        "llama.cpp: llama.cpp lies here without its CMakeLists.txt: not built",
        "nothing to build was found: no CMake project and no Python project",
    )


def test_only_llama_cpp_python(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "fastapi\nllama-cpp-python==0.3.1\n",
        "requirements-dev.txt": "pytest\n",
        "app/main.py": "",
        "tests/test_app.py": TEST,
    }
    project = project_of(tmp_path, files)
    assert project.kind is ProjectKind.PYTHON
    assert project.seen == Seen("requirements.txt", 2)
    assert project.llama is not None
    assert project.llama.origin is LlamaOrigin.PYTHON_PACKAGE
    assert project.python is not None
    assert project.python.requirements == ("requirements.txt", "requirements-dev.txt")


def test_services_of_both_kinds(tmp_path: Path) -> None:
    files = {
        "server/CMakeLists.txt": SERVICE + "find_package(llama)\n",
        "server/tests/test_a.py": TEST,
        "server/tests/requirements.txt": "pytest\n",
        "server/tools/checks/requirements.txt": "x\n",
        "server/tools/checks/tests/test_b.py": TEST,
        "api/src/requirements.txt": "llama-cpp-python\n",
        "api/tests/test_a.py": TEST,
        "elsewhere/tests/test_a.py": TEST,
    }
    facts = facts_of(tmp_path, files)
    assert [(one.name, one.path, one.kind) for one in facts.projects] == [
        ("api", "api/src", ProjectKind.PYTHON),
        ("server", "server", ProjectKind.CMAKE),
    ]
    api, server = facts.projects
    assert [suite.path for suite in api.pytest] == ["api/tests"]
    assert [suite.path for suite in server.pytest] == ["server/tests", "server/tools/checks/tests"]
    assert server.python is not None
    assert server.python.requirements == (
        "server/tests/requirements.txt",
        "server/tools/checks/requirements.txt",
    )


def test_another_manager_goes_before_requirements_files(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": SERVICE,
        "a/tests/requirements.txt": "pytest\n",
        "a/tests/test_a.py": TEST,
        "b/tests/pyproject.toml": "[dependency-groups]\ndev = ['pytest']\n",
        "b/tests/uv.lock": "",
        "b/tests/test_b.py": TEST,
    }
    python = project_of(tmp_path, files).python
    assert python is not None
    assert (python.manager, python.groups) == (PackageManager.UV, ("dev",))


@pytest.mark.parametrize("packaged", [True, False])
def test_a_python_package_at_the_root_beside_a_cmake_service(
    tmp_path: Path, packaged: bool
) -> None:
    manifest = {"pyproject.toml": PYPROJECT} if packaged else {"requirements.txt": "pytest\n"}
    files = {**manifest, "server/CMakeLists.txt": SERVICE, "tests/test_a.py": TEST}
    facts = facts_of(tmp_path, files)
    suites = {one.path: [suite.path for suite in one.pytest] for one in facts.projects}
    assert suites == ({".": ["tests"], "server": []} if packaged else {"server": ["tests"]})


def test_a_python_package_that_drives_cmake(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname='a'\n[build-system]\n"
        "build-backend='scikit_build_core.build'\n",
        "CMakeLists.txt": SERVICE,
        "vendor/llama.cpp/CMakeLists.txt": LLAMA,
    }
    project = project_of(tmp_path, files)
    assert project.kind is ProjectKind.PYTHON
    assert project.llama is not None
    assert project.llama.path == "vendor/llama.cpp"
    assert project.python is not None
    assert project.python.packaged


def test_many_packages_that_nobody_runs_are_counted(tmp_path: Path) -> None:
    files = {"pyproject.toml": PYPROJECT}
    for i in range(7):
        files[f"p{i}/pyproject.toml"] = PYPROJECT
        files[f"p{i}/tests/test_a.py"] = TEST
    facts = facts_of(tmp_path, files)
    assert facts.notes[0].endswith("p0, p1, p2, p3, p4 and 2 more")
