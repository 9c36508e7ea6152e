from __future__ import annotations

from pathlib import Path

import pytest
from tests.generator.detect.folders import tree_of

from ci_gen.detect.model import PackageManager, PythonProject, Seen
from ci_gen.detect.python import (
    builds_native_code,
    nearest_manifest,
    python_project,
    service_folder,
)

PROJECT = '[project]\nname = "a"\n'
BUILD = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def found(folder: Path, files: dict[str, str], at: str = ".") -> PythonProject:
    project = python_project(tree_of(folder, files), at)
    assert project is not None
    return project


@pytest.mark.parametrize(
    ("files", "manager", "lock"),
    [
        ({"uv.lock": ""}, PackageManager.UV, "uv.lock"),
        ({"poetry.lock": ""}, PackageManager.POETRY, "poetry.lock"),
        ({"pdm.lock": ""}, PackageManager.PDM, "pdm.lock"),
        ({"Pipfile": "", "Pipfile.lock": ""}, PackageManager.PIPENV, "Pipfile.lock"),
        ({"Pipfile": ""}, PackageManager.PIPENV, ""),
        ({"pyproject.toml": PROJECT + "[tool.uv]\n"}, PackageManager.UV, ""),
        ({"pyproject.toml": "[tool.poetry]\nname='a'\n"}, PackageManager.POETRY, ""),
        ({"pyproject.toml": PROJECT + "[tool.pdm]\n"}, PackageManager.PDM, ""),
        (
            {"pyproject.toml": "[build-system]\nbuild-backend='poetry.core.masonry.api'\n"},
            PackageManager.POETRY,
            "",
        ),
        ({"requirements.txt": "x\n"}, PackageManager.PIP, ""),
    ],
)
def test_managers(
    tmp_path: Path, files: dict[str, str], manager: PackageManager, lock: str
) -> None:
    project = found(tmp_path, {"pyproject.toml": PROJECT, **files})
    assert (project.manager, project.lock) == (manager, lock)


def test_a_workspaces_lock_counts_for_its_members(tmp_path: Path) -> None:
    files = {"uv.lock": "", "poetry.lock": "", "a/b/pyproject.toml": PROJECT}
    project = found(tmp_path, files, "a/b")
    assert (project.manager, project.lock, project.path) == (PackageManager.UV, "uv.lock", "a/b")


def test_requirements_for_pip_with_those_of_the_tests(tmp_path: Path) -> None:
    files = {
        "s/requirements.txt": "x\n",
        "s/requirements-dev.txt": "pytest\n",
        "s/requirements/test.txt": "pytest\n",
        "s/tests/requirements.txt": "pytest\n",
        "s/requirements-docs.txt": "sphinx\n",
    }
    assert found(tmp_path, files, "s").requirements == (
        "s/requirements.txt",
        "s/requirements/test.txt",
        "s/requirements-dev.txt",
        "s/tests/requirements.txt",
    )


@pytest.mark.parametrize(
    ("text", "extras"),
    [
        ('test = ["pytest>=8"]\ndev = ["pytest", "ruff"]', ("test",)),
        ('dev = ["pytest-cov"]\ndocs = ["sphinx"]', ("dev",)),
        ('tests = ["requests"]', ("tests",)),
        ('a = ["pytest"]\nb = ["pytest[x]"]\ntest = ["x"]', ("a", "b")),
        ('docs = ["pytestify"]', ()),
        ('broken = "pytest"', ()),
    ],
)
def test_extras_that_carry_the_tests(tmp_path: Path, text: str, extras: tuple[str, ...]) -> None:
    text = f"{PROJECT}[project.optional-dependencies]\n{text}\n"
    assert found(tmp_path, {"pyproject.toml": text}).extras == extras


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ('[dependency-groups]\ndev = ["pytest", {include-group = "x"}]\nx = []', ("dev",)),
        ('[tool.poetry.group.test.dependencies]\npytest = "^8"', ("test",)),
        ('[tool.poetry.dev-dependencies]\npytest = "^8"', ("dev",)),
        ('[tool.pdm.dev-dependencies]\ntest = ["pytest"]', ("test",)),
        ('[tool.uv]\ndev-dependencies = ["pytest"]', ("dev",)),
    ],
)
def test_groups_that_carry_the_tests(tmp_path: Path, text: str, groups: tuple[str, ...]) -> None:
    assert found(tmp_path, {"pyproject.toml": PROJECT + text}).groups == groups


@pytest.mark.parametrize(
    ("files", "stated"),
    [
        ({"pyproject.toml": PROJECT + 'requires-python = ">=3.10"'}, ">=3.10"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.9"'}, "^3.9"),
        ({"setup.py": 'setup(python_requires=">=3.8, <4",)'}, ">=3.8, <4"),
        ({"setup.cfg": "[options]\npython_requires = >=3.7\n"}, ">=3.7"),
        ({"setup.py": "setup()"}, ""),
    ],
)
def test_the_python_it_asks_for(tmp_path: Path, files: dict[str, str], stated: str) -> None:
    assert found(tmp_path, files).requires_python == stated


@pytest.mark.parametrize(
    ("files", "packaged"),
    [
        ({"pyproject.toml": PROJECT + BUILD}, True),
        ({"pyproject.toml": PROJECT}, False),
        ({"pyproject.toml": PROJECT + BUILD + "[tool.uv]\npackage = false\n"}, False),
        (
            {"pyproject.toml": "[tool.poetry]\nname='a'\npackage-mode = false\n" + BUILD},
            False,
        ),
        ({"pyproject.toml": BUILD, "setup.cfg": "[metadata]\nname = a\n"}, True),
        ({"pyproject.toml": BUILD}, False),
        ({"setup.py": "setup()"}, True),
        ({"requirements.txt": ""}, False),
    ],
)
def test_whether_it_can_be_built(tmp_path: Path, files: dict[str, str], packaged: bool) -> None:
    assert found(tmp_path, files).packaged is packaged


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[tool.ruff]\n"},
        {"setup.cfg": "[flake8]\n"},
        {"pyproject.toml": "[project\n"},
        {"a.py": ""},
    ],
)
def test_a_tools_config_is_no_project(tmp_path: Path, files: dict[str, str]) -> None:
    assert python_project(tree_of(tmp_path, files), ".") is None


def test_values_of_the_wrong_kind_do_no_harm(tmp_path: Path) -> None:
    text = (
        'project = "x"\nbuild-system = 3\ndependency-groups = [1]\n'
        '[tool]\npoetry = "x"\nuv = 1\npdm = []\n'
    )
    project = found(tmp_path, {"pyproject.toml": text})
    assert not project.packaged
    assert (project.extras, project.groups, project.requires_python) == ((), (), "")


def test_broken_toml_is_noted(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"pyproject.toml": "[project\n"})
    assert python_project(tree, ".") is None
    assert tree.notes[0].startswith("pyproject.toml: broken TOML: ")


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({"pyproject.toml": BUILD + PROJECT}, Seen("pyproject.toml", 4)),
        ({"setup.py": "import x\nsetup(\n"}, Seen("setup.py", 2)),
        ({"requirements.txt": "x\n"}, Seen("requirements.txt", 1)),
        ({"requirements.txt": ""}, Seen("requirements.txt")),
    ],
)
def test_what_shows_it(tmp_path: Path, files: dict[str, str], seen: Seen) -> None:
    project = found(tmp_path, files)
    assert project.seen == seen
    assert project.manifest == seen.path


def test_a_requirements_file_can_stand_for_a_manifest(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"requirements/full/requirements.txt": "x\n"})
    project = python_project(tree, ".", otherwise="requirements/full/requirements.txt")
    assert project is not None
    assert project.requirements == ("requirements/full/requirements.txt",)


def test_the_nearest_manifest(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"a/pyproject.toml": PROJECT, "a/b/tests/requirements.txt": ""})
    assert nearest_manifest(tree, "a/b/tests/unit") == "a/b/tests/requirements.txt"
    assert nearest_manifest(tree, "a/b") == "a/pyproject.toml"
    assert nearest_manifest(tree, "c") == ""


@pytest.mark.parametrize(
    ("files", "native"),
    [
        ({"pyproject.toml": "[build-system]\nbuild-backend='scikit_build_core.build'"}, True),
        ({"setup.py": "from skbuild import setup"}, True),
        ({"pyproject.toml": BUILD}, False),
    ],
)
def test_python_builds_that_drive_cmake(
    tmp_path: Path, files: dict[str, str], native: bool
) -> None:
    assert builds_native_code(tree_of(tmp_path, files), ".") is native


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("requirements.txt", "."),
        ("a/requirements.txt", "a"),
        ("requirements/base.txt", "."),
        ("a/requirements/full/requirements.txt", "a"),
    ],
)
def test_the_folder_that_requirements_speak_for(path: str, folder: str) -> None:
    assert service_folder(path) == folder
